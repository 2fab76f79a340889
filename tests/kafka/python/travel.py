"""Travel requests as the exercise has them: confluent-kafka, key = id, {"id", "etat", "details"}.

usage: travel.py produce BROKERS TOPIC
       travel.py generate BROKERS TOPIC REQUESTS SEED
       travel.py fold BROKERS TOPIC

produce   sends the exercise's one life, DV-2025-003
generate  sends lives that are broken in every way, mixed; the same ones for the same seed
fold      reads the topic from its beginning and prints what each request is, by rules of its own
"""
import json
import random
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

LIFE = ["CREATION", "EN_ATTENTE_VALIDATION", "VALIDEE", "PLANIFIEE", "DEPART", "RETOUR", "CLOTUREE"]
ENDS = ["CLOTUREE", "ANNULATION"]
EVENTS = LIFE + ["RETARD", "ANNULATION"]
ALIAS = "EN_ATTENTE_VALIDATION_MANAGER"
ORIGINAL = [
    ("CREATION", {"destination": "New York", "employe": "Sophie Dupont"}),
    (ALIAS, {"manager": "Marc Lefevre"}),
    ("VALIDEE", {"manager": "Marc Lefevre", "budget_approuve": 1200.0}),
    ("PLANIFIEE", {"vol": "LH987", "hotel": "Midtown Plaza", "date_depart": "2026-03-15"}),
    ("RETARD", {"cause": "Grève aérienne", "nouveau_depart": "2026-03-16 09:00"}),
    ("DEPART", {"statut": "À l'aéroport"}),
    ("RETOUR", {"duree_totale_jours": 4}),
    ("CLOTUREE", {"frais_notes": "En attente de remboursement"}),
]


def send(brokers, topic, records):
    lost = []
    # As kafka-python and the Java client choose partitions.
    settings = {"bootstrap.servers": brokers, "partitioner": "murmur2_random", "enable.idempotence": True}
    producer = Producer({**settings, "linger.ms": 20, "queue.buffering.max.messages": 1_000_000})
    for key, value, headers in records:
        producer.produce(topic, key=key, value=value, headers=headers, callback=lambda error, _: error and lost.append(error))
        producer.poll(0)
    producer.flush()
    if lost:
        sys.exit(f"{len(lost)} records were not delivered: {lost[0]}")


def life(dice, number):
    """One request's records."""
    name = f"DV-{number:05}"
    etats = LIFE[: dice.randint(0, len(LIFE))]
    for _ in range(dice.choice([0, 0, 1, 2, 4])):
        etats.insert(dice.randint(0, len(etats)), dice.choice(EVENTS + [ALIAS, "validee", ""]))
    records = []
    for at, etat in enumerate(etats):
        etat = ALIAS if etat == "EN_ATTENTE_VALIDATION" and dice.random() < 0.5 else etat
        details = dice.choice([{}, {"n": 1}, {"n": at}, None, {"é": "x  y"}])
        event = {"id": name, "etat": etat, "details": details}
        separators = dice.choice([(",", ":"), (", ", ": ")])
        value = json.dumps(event, separators=separators, ensure_ascii=dice.random() < 0.5)
        key, headers = name, []
        if dice.random() < 0.3:
            headers = [("ce_source", "python"), ("ce_id", str(dice.randint(0, 9)))]
        oddity = dice.random()
        if oddity < 0.01:
            value = value[:-1]
        elif oddity < 0.02:
            value = None
        elif oddity < 0.03:
            value = json.dumps({**event, "details": [1]})
        elif oddity < 0.04:
            value = json.dumps({**event, "id": f"DV-{dice.randint(0, number):05}"})
        records.append((key, value, headers))
        if dice.random() < 0.05:
            records.append(records[-1])
    return records


def generate(brokers, topic, requests, seed):
    dice = random.Random(seed)
    lives = [life(dice, number) for number in range(requests)]
    mixed = []
    while lives:
        at = min(len(lives) - 1, dice.randint(0, 50))
        if lives[at]:
            mixed.append(lives[at].pop(0))
        else:
            lives.pop(at)
    send(brokers, topic, mixed)
    print(len(mixed))


def records(brokers, topic):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "python-fold", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 10)[1] for p in partitions}
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
    left = sum(ends.values())
    while left:
        batch = consumer.consume(10_000, 10)
        if not batch:
            sys.exit(f"{left} records did not come")
        for message in batch:
            if message.error():
                sys.exit(str(message.error()))
            left -= 1
            yield message
    consumer.close()


def judge(request, etat, details, name):
    """Whether an event is accepted (True), the same as before (None) or refused (False)."""
    content = (etat, details)
    if name is not None:
        if name in request["named"]:
            return None if request["named"][name] == content else False
        request["named"][name] = content
    elif content in request["accepted"]:
        return None
    place = request["etat"]
    if place is None:
        accepted = etat == "CREATION"
    elif place in ENDS:
        accepted = False
    else:
        accepted = etat in ("RETARD", "ANNULATION") or LIFE.index(place) + 1 == (LIFE.index(etat) if etat in LIFE else -1)
    if accepted:
        request["accepted"].add(content)
        request["retard"] = etat == "RETARD"
        request["etat"] = place if etat == "RETARD" else etat
    return accepted


def fold(brokers, topic):
    requests = {}

    def file(name):
        new = {"etat": None, "retard": False, "evenements": 0, "refuses": 0, "named": {}, "accepted": set()}
        request = requests.setdefault(name, new)
        request["evenements"] += 1
        return request

    for message in records(brokers, topic):
        key = message.key().decode()
        try:
            event = json.loads(message.value())
        except (TypeError, ValueError):
            file(key)
            continue
        if event["id"] != key:
            file(key)["refuses"] += 1
            file(event["id"])["refuses"] += 1
            continue
        request = file(key)
        details = event.get("details") or {}
        etat = LIFE[1] if event["etat"] == ALIAS else event["etat"]
        if not isinstance(details, dict) or etat not in EVENTS:
            request["refuses"] += 1
            continue
        headers = dict(message.headers() or [])
        # Blanks between tokens do not count, the spelling of texts does.
        text = "{}" if event.get("details") is None else compact(message.value().decode())
        request["refuses"] += judge(request, etat, text, headers.get("ce_id")) is False
    shown = ("etat", "retard", "evenements", "refuses")
    print(json.dumps([{"id": name, **{k: requests[name][k] for k in shown}} for name in sorted(requests)]))


def compact(value):
    """The details of an event that `generate` wrote, as they are spelt, without blanks between tokens."""
    text = value[value.index("details") + len('details":'):].strip()[:-1]
    return text.replace(": ", ":").replace(", ", ",").strip()


def main():
    task, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 3 else ("", [])
    if task == "produce":
        values = [{"id": "DV-2025-003", "etat": etat, "details": details} for etat, details in ORIGINAL]
        send(*arguments, [("DV-2025-003", json.dumps(value), []) for value in values])
    elif task == "generate":
        generate(arguments[0], arguments[1], int(arguments[2]), int(arguments[3]))
    elif task == "fold":
        fold(*arguments)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
