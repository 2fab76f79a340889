package techshop;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Loads orders and looks at their outcomes as any reader of committed messages would. Figures go to standard output
 * as lines of {@code name value}.
 *
 * <pre>
 * Meter topics BROKERS PREFIX ORDERS               makes the topics that both programs write, and an empty ORDERS
 * Meter delete BROKERS PREFIX                      deletes every topic whose name begins so
 * Meter fill BROKERS TOPIC RUN COUNT INVALID-EVERY [RATE]  so many a second, else as fast as it goes
 * Meter count BROKERS PREFIX ORDERS                each order of ORDERS has one outcome: outcomes, twice, missing
 * Meter watch …                                    see {@link Watch}
 * Meter latency …                                  see {@link Latency}
 * </pre>
 */
public final class Meter {
    private static final int PARTITIONS = 3;

    private Meter() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "topics" -> topics(arguments[1], arguments[2], arguments[3]);
            case "delete" -> delete(arguments[1], arguments[2]);
            case "fill" -> fill(arguments[1], arguments[2], new Orders(arguments[3], Integer.parseInt(arguments[5])),
                    Long.parseLong(arguments[4]), arguments.length > 6 ? Long.parseLong(arguments[6]) : 0);
            case "count" -> count(arguments[1], arguments[2], arguments[3]);
            case "watch" -> Watch.main(arguments);
            case "latency" -> Latency.main(arguments);
            default -> throw new IllegalArgumentException("no such task: " + arguments[0]);
        }
        System.out.flush();
        // A thread that hangs on a closed client must not keep the figures waiting.
        Runtime.getRuntime().halt(0);
    }

    static void tell(String name, double value) {
        System.out.printf("%s %.3f%n", name, value);
    }

    static Properties client(String brokers) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", brokers);
        settings.put("isolation.level", "read_committed");
        settings.put("fetch.max.wait.ms", "100");
        settings.put("max.poll.records", "5000");
        settings.put("linger.ms", "0");
        return settings;
    }

    static KafkaProducer<byte[], byte[]> producer(Properties settings) {
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** A reader of all partitions of some topics, from their beginning. */
    static KafkaConsumer<byte[], byte[]> reader(String brokers, List<String> topics) {
        KafkaConsumer<byte[], byte[]> reader = new KafkaConsumer<>(
                client(brokers), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) {
            reader.partitionsFor(topic).forEach(
                    one -> partitions.add(new TopicPartition(one.topic(), one.partition())));
        }
        reader.assign(partitions);
        reader.seekToBeginning(partitions);
        return reader;
    }

    private static void topics(String brokers, String prefix, String orders) throws Exception {
        try (Admin admin = Admin.create(client(brokers))) {
            List<NewTopic> topics = new ArrayList<>();
            Set<String> there = admin.listTopics().names().get();
            for (String name : List.of(orders, prefix + "notifications", prefix + "analytics", prefix + "inventory",
                    prefix + "errors")) {
                int partitions = name.endsWith("errors") ? 1 : PARTITIONS;
                if (!there.contains(name)) {
                    topics.add(new NewTopic(name, Optional.of(partitions), Optional.empty())
                            .configs(Map.of("retention.ms", "-1")));
                }
            }
            admin.createTopics(topics).all().get();
        }
    }

    private static void delete(String brokers, String prefix) throws Exception {
        try (Admin admin = Admin.create(client(brokers))) {
            List<String> topics = admin.listTopics().names().get().stream()
                    .filter(name -> name.startsWith(prefix)).toList();
            admin.deleteTopics(topics).all().get();
        }
    }

    /** Waits until a time of {@link System#nanoTime}. */
    static void waitUntil(long due) {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private static void fill(String brokers, String topic, Orders orders, long count, long rate) throws Exception {
        Properties settings = client(brokers);
        settings.put("linger.ms", "20");
        settings.put("batch.size", "200000");
        long began = System.nanoTime();
        AtomicReference<Exception> refused = new AtomicReference<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(settings)) {
            for (long index = 0; index < count; index++) {
                if (rate > 0) {
                    waitUntil(began + index * 1_000_000_000L / rate);
                }
                byte[] key = orders.number(index).getBytes(StandardCharsets.UTF_8);
                producer.send(new ProducerRecord<>(topic, key, orders.order(index, 0)), (place, error) -> {
                    if (error != null) {
                        refused.set(error);
                    }
                });
            }
        }
        if (refused.get() != null) {
            throw refused.get();
        }
    }

    /** Every order's place, against the {@code order-source} of every outcome. */
    private static void count(String brokers, String prefix, String orders) {
        Set<String> decided = new HashSet<>();
        long twice = 0;
        long expected = 0;
        try (KafkaConsumer<byte[], byte[]> reader =
                reader(brokers, List.of(prefix + "notifications", prefix + "errors"))) {
            Map<TopicPartition, Long> ends = reader.endOffsets(reader.assignment());
            while (ends.entrySet().stream().anyMatch(end -> reader.position(end.getKey()) < end.getValue())) {
                for (ConsumerRecord<byte[], byte[]> outcome : reader.poll(Duration.ofMillis(500))) {
                    byte[] source = outcome.headers().lastHeader("order-source").value();
                    twice += decided.add(new String(source, StandardCharsets.UTF_8)) ? 0 : 1;
                }
            }
        }
        try (KafkaConsumer<byte[], byte[]> reader = reader(brokers, List.of(orders))) {
            Map<TopicPartition, Long> ends = new HashMap<>(reader.endOffsets(reader.assignment()));
            expected = ends.values().stream().mapToLong(Long::longValue).sum();
        }
        tell("outcomes", decided.size());
        tell("twice", twice);
        tell("missing", expected - decided.size());
    }
}
