import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Transactions without an end, through whatever happens to the broker. */
final class Transactions {
    private static final int ORDERS = 25;

    private Transactions() {}

    /**
     * Writes transactions of some orders until the asking side says no more; every third is aborted.
     * When one fails, a new producer of the same name takes its place, so that none stays open.
     */
    static ObjectNode write(JsonNode request, BufferedReader in) throws Exception {
        AtomicBoolean enough = Witness.whenSaid(in);
        long committed = 0;
        long aborted = 0;
        long failed = 0;
        long number = 0;
        KafkaProducer<byte[], byte[]> producer = null;
        // The last one must have been ended: an open one would hide what comes after it.
        boolean settled = false;
        while (!enough.get() || !settled) {
            settled = false;
            try {
                if (producer == null) {
                    producer = open(request);
                }
                producer.beginTransaction();
                for (int i = 0; i < ORDERS; i++) {
                    producer.send(order(request, number++));
                }
                producer.flush();
                if (number / ORDERS % 3 == 0) {
                    producer.abortTransaction();
                    aborted++;
                } else {
                    producer.commitTransaction();
                    committed++;
                }
                settled = true;
                Thread.sleep(request.get("pause").asLong());
            } catch (KafkaException broken) {
                failed++;
                if (producer != null) {
                    producer.close(java.time.Duration.ZERO);
                }
                producer = null;
                Thread.sleep(100);
            }
        }
        producer.close();
        return Witness.JSON.createObjectNode()
                .put("committed", committed).put("aborted", aborted).put("failed", failed);
    }

    private static KafkaProducer<byte[], byte[]> open(JsonNode request) {
        Properties settings = Witness.settings(request);
        settings.putIfAbsent("acks", "all");
        settings.putIfAbsent("max.in.flight.requests.per.connection", "1");
        settings.putIfAbsent("linger.ms", "5");
        KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        try {
            producer.initTransactions();
            return producer;
        } catch (KafkaException broken) {
            producer.close(java.time.Duration.ZERO);
            throw broken;
        }
    }

    private static ProducerRecord<byte[], byte[]> order(JsonNode request, long number) {
        String name = Long.toString(number);
        String text = request.get("template").asText().replace("@N@", name);
        return new ProducerRecord<>(request.get("topic").asText(),
                ("transaction-" + name).getBytes(StandardCharsets.UTF_8), text.getBytes(StandardCharsets.UTF_8));
    }
}
