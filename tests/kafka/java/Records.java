import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writing and reading records, every byte of them in base64. */
final class Records {
    private static final int LARGEST_REQUEST = 64 * 1024 * 1024;

    private Records() {}

    private static KafkaProducer<byte[], byte[]> producer(JsonNode request) {
        Properties settings = Witness.settings(request);
        settings.putIfAbsent("acks", "all");
        // A broker that has just started tells of its partitions a moment before it serves them. With several
        // requests under way the first may be refused and the second taken; the first is then out of sequence
        // for good.
        settings.putIfAbsent("max.in.flight.requests.per.connection", "1");
        settings.putIfAbsent("max.request.size", LARGEST_REQUEST);
        settings.putIfAbsent("buffer.memory", 2L * LARGEST_REQUEST);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /**
     * Writes the records of the further lines. With {@code transaction} they are one transaction,
     * which is committed, aborted, or left open for good, as its value says.
     */
    static ObjectNode produce(JsonNode request, BufferedReader in) throws Exception {
        String transaction = request.path("transaction").asText("");
        KafkaProducer<byte[], byte[]> producer = producer(request);
        if (!transaction.isEmpty()) {
            producer.initTransactions();
            producer.beginTransaction();
        }
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        String topic = request.get("topic").asText();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            sent.add(producer.send(record(topic, Witness.JSON.readTree(line))));
        }
        producer.flush();
        ArrayNode places = Witness.JSON.createArrayNode();
        for (Future<RecordMetadata> one : sent) {
            places.addArray().add(one.get().partition()).add(one.get().offset());
        }
        switch (transaction) {
            case "open":
                // Not closed: closing would abort. The process that ends takes it along.
                return Witness.JSON.createObjectNode().set("places", places);
            case "commit":
                producer.commitTransaction();
                break;
            case "abort":
                producer.abortTransaction();
                break;
            default:
        }
        producer.close();
        return Witness.JSON.createObjectNode().set("places", places);
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, JsonNode line)
            throws Exception {
        List<Header> headers = new ArrayList<>();
        for (JsonNode header : line.path("headers")) {
            String name = new String(header.get(0).binaryValue(), StandardCharsets.UTF_8);
            headers.add(new RecordHeader(name, bytes(header.get(1))));
        }
        Integer partition = line.hasNonNull("partition") ? line.get("partition").intValue() : null;
        Long timestamp = line.hasNonNull("timestamp") ? line.get("timestamp").longValue() : null;
        return new ProducerRecord<>(
                topic, partition, timestamp, bytes(line.get("key")), bytes(line.get("value")), headers);
    }

    private static byte[] bytes(JsonNode base64) throws Exception {
        return base64 == null || base64.isNull() ? null : base64.binaryValue();
    }

    /**
     * Writes order after order, at {@code rate} a second, until the asking side says no more.
     * {@code @N@} in the template stands for the number of the order, {@code key} likewise.
     */
    static ObjectNode flood(JsonNode request, BufferedReader in) throws Exception {
        AtomicBoolean enough = Witness.whenSaid(in);
        String topic = request.get("topic").asText();
        String template = request.get("template").asText();
        long rate = request.get("rate").asLong();
        long began = System.nanoTime();
        long number = 0;
        AtomicLong acknowledged = new AtomicLong();
        try (KafkaProducer<byte[], byte[]> producer = producer(request)) {
            while (!enough.get()) {
                String name = Long.toString(number);
                producer.send(new ProducerRecord<>(topic, utf8("key-" + name),
                        utf8(template.replace("@N@", name))), (place, error) -> {
                            // What was refused, as on a machine that was held up, is not in the topic.
                            if (error == null) {
                                acknowledged.incrementAndGet();
                            } else {
                                System.err.println("the flood lost a record: " + error);
                            }
                        });
                number++;
                long ahead = number * 1_000_000_000L / rate - (System.nanoTime() - began);
                if (ahead > 1_000_000) {
                    Thread.sleep(ahead / 1_000_000);
                }
            }
            producer.flush();
        }
        return Witness.JSON.createObjectNode().put("sent", acknowledged.get());
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Every record of a topic from its beginning up to its end as it stands now, a line each. */
    static ObjectNode dump(JsonNode request, BufferedWriter out) throws Exception {
        Properties settings = Witness.settings(request);
        settings.put("fetch.max.bytes", LARGEST_REQUEST);
        settings.put("max.partition.fetch.bytes", LARGEST_REQUEST);
        // At the end one more fetch is under way, and closing waits for its empty answer: half a second, by default.
        settings.put("fetch.max.wait.ms", 5);
        settings.putIfAbsent("isolation.level", "read_committed");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(request.get("topic").asText()).forEach(
                    one -> partitions.add(new TopicPartition(one.topic(), one.partition())));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            for (TopicPartition partition : partitions) {
                while (consumer.position(partition) < ends.get(partition)) {
                    for (ConsumerRecord<byte[], byte[]> one : consumer.poll(Duration.ofSeconds(1))) {
                        out.write(line(one).toString());
                        out.write('\n');
                    }
                }
            }
        }
        return Witness.JSON.createObjectNode();
    }

    private static ObjectNode line(ConsumerRecord<byte[], byte[]> one) throws Exception {
        ObjectNode line = Witness.JSON.createObjectNode();
        line.put("partition", one.partition());
        line.put("offset", one.offset());
        line.put("timestamp", one.timestamp());
        line.put("log_append", one.timestampType() == TimestampType.LOG_APPEND_TIME);
        line.put("key", base64(one.key()));
        line.put("value", base64(one.value()));
        ArrayNode headers = line.putArray("headers");
        for (Header header : one.headers()) {
            headers.addArray().add(base64(nameOf(header))).add(base64(header.value()));
        }
        return line;
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }

    /**
     * The name of a header as it came over the wire. Asking the header itself for its name turns
     * bytes that are not UTF-8 into question marks, and throws them away.
     */
    private static byte[] nameOf(Header header) throws Exception {
        Field field = RecordHeader.class.getDeclaredField("keyBuffer");
        field.setAccessible(true);
        ByteBuffer raw = (ByteBuffer) field.get(header);
        if (raw == null) {
            return utf8(header.key());
        }
        byte[] name = new byte[raw.remaining()];
        raw.duplicate().get(name);
        return name;
    }
}
