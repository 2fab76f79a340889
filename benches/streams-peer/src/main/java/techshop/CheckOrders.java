package techshop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;

/** First half, by order number: is it an order, and was its number seen before? */
final class CheckOrders implements Processor<byte[], byte[], String, Told> {
    static final String NUMBERS = "order-numbers";

    private final Rules rules;
    private final String errors;
    private final MessageDigest digest;
    private ProcessorContext<String, Told> context;
    private KeyValueStore<String, byte[]> numbers;

    CheckOrders(Rules rules, String errors) {
        this.rules = rules;
        this.errors = errors;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException("every Java has SHA-256", error);
        }
    }

    @Override
    public void init(ProcessorContext<String, Told> context) {
        this.context = context;
        numbers = context.getStateStore(NUMBERS);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        RecordMetadata place = context.recordMetadata().orElseThrow();
        String source = place.topic() + "/" + place.partition() + "@" + place.offset();
        record.headers().add("order-source", source.getBytes(StandardCharsets.UTF_8));
        record.headers().add("order-timestamp-ms",
                Long.toString(record.timestamp()).getBytes(StandardCharsets.UTF_8));
        try {
            ObjectNode order = rules.read(record.value());
            String number = order.get("order_id").textValue();
            byte[] content = Arrays.copyOf(digest.digest(record.value()), 16);
            byte[] before = numbers.get(number);
            if (before == null) {
                numbers.put(number, content);
                String product = order.get("product_id").textValue();
                context.forward(record.withKey(product).withValue(new Told(null, record.value())));
            } else if (!Arrays.equals(before, content)) {
                throw new Rules.Unfit("order number used before, with other content", order);
            }
        } catch (Rules.Unfit unfit) {
            ObjectNode error = unfit.toError(
                    record.key(), record.value(), place.topic(), place.partition(), place.offset());
            String key = error.get("order_id") == null ? null : error.get("order_id").asText();
            context.forward(record.withKey(key).withValue(new Told(errors, Rules.bytes(error))));
        }
    }
}
