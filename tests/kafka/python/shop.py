"""Clients of the shop as the exercise has them: confluent-kafka, its topics, its groups, its order numbers.

usage: shop.py produce BROKERS COUNT
       shop.py notifications BROKERS COUNT
       shop.py errors BROKERS COUNT

produce        sends so many random orders, keyed by their number, of which there are only 9,000; prints each number
notifications  group notification-service: prints `order_id status` of so many, committing each
errors         group error-handler: prints `order_id status error_reason` of so many; auto-commit is left on
"""
import json
import random
import sys
from datetime import datetime

from confluent_kafka import Consumer, Producer

PRODUCTS = [
    ("P001", "iPhone 15", 999, "Electronics"),
    ("P002", "MacBook Pro", 2499, "Electronics"),
    ("P003", "Nike Air Max", 149, "Fashion"),
    ("P004", "Livre Python", 29, "Books"),
    ("P005", "Café Premium", 15, "Food"),
]
CUSTOMERS = [
    ("alice.martin", "alice@email.com", True, "Paris"),
    ("bob.durand", "bob@email.com", False, "Lyon"),
    ("carol.bernard", "carol@email.com", True, "Marseille"),
]
PATIENCE_S = 60


def random_order():
    product_id, name, price, category = random.choice(PRODUCTS)
    customer_id, email, vip, region = random.choice(CUSTOMERS)
    quantity = random.randint(1, 3)
    return {
        "order_id": f"ORD-{random.randint(1000, 9999)}",
        "customer_id": customer_id,
        "customer_email": email,
        "customer_vip": vip,
        "customer_region": region,
        "product_id": product_id,
        "product_name": name,
        "product_category": category,
        "price": price,
        "quantity": quantity,
        "total": price * quantity,
        "timestamp": datetime.now().isoformat(),
        "status": "pending",
    }


def produce(brokers, count):
    lost = []
    producer = Producer({"bootstrap.servers": brokers})
    for _ in range(count):
        order = random_order()
        producer.produce(
            "orders",
            key=order["order_id"],
            value=json.dumps(order),
            callback=lambda error, message: lost.append(error) if error else None,
        )
        producer.poll(0)
        print(order["order_id"])
    producer.flush()
    if lost:
        sys.exit(f"{len(lost)} orders were not delivered: {lost[0]}")


def consume(brokers, topic, group, count, settings):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest", **settings})
    consumer.subscribe([topic])
    waited = 0
    while count and waited < PATIENCE_S:
        message = consumer.poll(1.0)
        if message is None:
            waited += 1
            continue
        if message.error():
            sys.exit(f"{topic}: {message.error()}")
        order = json.loads(message.value().decode("utf-8"))
        if order["price"] * order["quantity"] != order["total"]:
            sys.exit(f"{topic}: another order than was sent: {order}")
        print(order["order_id"], order["status"], order.get("error_reason", ""), flush=True)
        consumer.commit(message)
        count -= 1
    consumer.close()
    if count:
        sys.exit(f"{topic}: {count} messages did not come")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    task, brokers, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if task == "produce":
        produce(brokers, count)
    elif task == "notifications":
        consume(brokers, "notifications", "notification-service", count, {"enable.auto.commit": False})
    elif task == "errors":
        consume(brokers, "errors", "error-handler", count, {})
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
