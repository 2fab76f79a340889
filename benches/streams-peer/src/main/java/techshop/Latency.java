package techshop;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * From an order's hand-over to its producer until a reader of committed messages has its outcome, at a steady pace.
 *
 * <p>{@code Meter latency BROKERS PREFIX ORDERS-TOPIC RUN RATE SECONDS WARM-UP-SECONDS APPLICATION-PID BROKER-PID}.
 * Each order carries the time in {@code produced_ns}, which its outcome brings along; loader and reader share one clock.
 * Orders of the warm-up are sent and not counted.
 */
final class Latency {
    private static final byte[] PRODUCED = "produced_ns".getBytes(StandardCharsets.UTF_8);
    private static final byte[] INDEX = "index".getBytes(StandardCharsets.UTF_8);
    private static final long PATIENCE_NS = 60_000_000_000L;

    private Latency() {}

    static void main(String[] arguments) throws Exception {
        String brokers = arguments[1];
        String prefix = arguments[2];
        String topic = arguments[3];
        int rate = Integer.parseInt(arguments[5]);
        int warmUp = rate * Integer.parseInt(arguments[7]);
        int count = warmUp + rate * Integer.parseInt(arguments[6]);
        long application = Long.parseLong(arguments[8]);
        long broker = Long.parseLong(arguments[9]);

        KafkaConsumer<byte[], byte[]> reader =
                Meter.reader(brokers, List.of(prefix + "notifications", prefix + "errors"));
        reader.seekToEnd(reader.assignment());
        for (TopicPartition partition : reader.assignment()) {
            reader.position(partition);
        }
        AtomicReference<Exception> failed = new AtomicReference<>();
        CountDownLatch first = new CountDownLatch(1);
        Thread loader = new Thread(() -> load(brokers, topic, arguments[4], rate, count, first, failed));
        loader.setPriority(Thread.MAX_PRIORITY);
        loader.start();

        long[] took = new long[count];
        BitSet seen = new BitSet(count);
        int twice = 0;
        int seenOnce = 0;
        double cpu = 0;
        double brokerCpu = 0;
        Machine.Others others = null;
        long last = System.nanoTime();
        while (seenOnce < count) {
            var outcomes = reader.poll(Duration.ofMillis(100));
            long now = now();
            for (ConsumerRecord<byte[], byte[]> outcome : outcomes) {
                int index = (int) number(outcome.value(), INDEX);
                if (seen.get(index)) {
                    twice++;
                    continue;
                }
                seen.set(index);
                seenOnce++;
                took[index] = now - number(outcome.value(), PRODUCED);
            }
            if (!outcomes.isEmpty()) {
                last = System.nanoTime();
                first.countDown();
            }
            if (others == null && seenOnce >= warmUp) {
                others = new Machine.Others(application, broker);
                cpu = Machine.cpu(application);
                brokerCpu = Machine.cpu(broker);
            }
            if (failed.get() != null) {
                throw failed.get();
            }
            if (System.nanoTime() - last > PATIENCE_NS) {
                throw new IllegalStateException(seenOnce + " of " + count + " outcomes, and none for 60 s");
            }
        }
        double counted = count - warmUp;
        long[] sorted = Arrays.copyOfRange(took, warmUp, count);
        Arrays.sort(sorted);
        for (int part : new int[] {50, 95, 99}) {
            Meter.tell("p" + part, sorted[(int) Math.min(counted - 1, counted * part / 100)] / 1e6);
        }
        Meter.tell("max", sorted[sorted.length - 1] / 1e6);
        Meter.tell("cpu", (Machine.cpu(application) - cpu) * 1e6 / counted);
        Meter.tell("broker", (Machine.cpu(broker) - brokerCpu) * 1e6 / counted);
        Meter.tell("others", others.cores());
        Meter.tell("twice", twice);
    }

    /** One order, and when its outcome was seen, so that nobody is still starting, the others at their pace. */
    private static void load(String brokers, String topic, String run, int rate, int count, CountDownLatch first,
            AtomicReference<Exception> failed) {
        Orders orders = new Orders(run, 100);
        try (KafkaProducer<byte[], byte[]> producer = Meter.producer(Meter.client(brokers))) {
            producer.partitionsFor(topic);
            long began = System.nanoTime();
            for (int index = 0; index < count; index++) {
                if (index == 1) {
                    first.await();
                    began = System.nanoTime();
                }
                Meter.waitUntil(began + index * 1_000_000_000L / rate);
                byte[] key = orders.number(index).getBytes(StandardCharsets.UTF_8);
                byte[] order = orders.order(index, now());
                producer.send(new ProducerRecord<>(topic, key, order), (place, error) -> {
                    if (error != null) {
                        failed.set(error);
                    }
                });
            }
        } catch (InterruptedException | RuntimeException error) {
            failed.set(error);
        }
    }

    private static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    /** The number behind the last occurrence of a field's name: outcomes keep the order's text, errors also as a text. */
    private static long number(byte[] json, byte[] name) {
        for (int start = json.length - name.length; start >= 0; start--) {
            if (Arrays.equals(json, start, start + name.length, name, 0, name.length)) {
                long number = 0;
                int at = start + name.length;
                while (at < json.length && !Character.isDigit(json[at])) {
                    at++;
                }
                for (; at < json.length && Character.isDigit(json[at]); at++) {
                    number = number * 10 + json[at] - '0';
                }
                return number;
            }
        }
        throw new IllegalStateException("no order of ours: " + new String(json, StandardCharsets.UTF_8));
    }
}
