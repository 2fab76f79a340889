package techshop;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Second half, by product: is there enough of it? */
final class DecideOrders implements Processor<String, byte[], String, Told> {
    static final String STOCK = "stock";

    private final Map<String, Long> openingStock;
    private final String prefix;
    private ProcessorContext<String, Told> context;
    private KeyValueStore<String, Long> stock;

    DecideOrders(Map<String, Long> openingStock, String prefix) {
        this.openingStock = openingStock;
        this.prefix = prefix;
    }

    @Override
    public void init(ProcessorContext<String, Told> context) {
        this.context = context;
        stock = context.getStateStore(STOCK);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        ObjectNode order = read(record.value());
        String product = record.key();
        long quantity = order.get("quantity").longValue();
        Long kept = stock.get(product);
        long have = kept == null ? openingStock.get(product) : kept;
        String number = order.get("order_id").textValue();
        if (have < quantity) {
            order.put("status", "out_of_stock");
            order.put("error_reason", "not enough stock: " + have + " available, " + quantity + " asked for");
            tell(record, "errors", number, Rules.bytes(order));
            return;
        }
        stock.put(product, have - quantity);
        order.put("status", "confirmed");
        byte[] confirmed = Rules.bytes(order);
        tell(record, "notifications", number, confirmed);
        tell(record, "analytics", number, confirmed);
        ObjectNode change = Rules.JSON.createObjectNode()
                .put("product_id", product)
                .put("old_stock", have)
                .put("new_stock", have - quantity)
                .put("operation", "sale")
                .put("quantity", quantity)
                .put("timestamp", order.get("timestamp").textValue());
        tell(record, "inventory", product, Rules.bytes(change));
    }

    private void tell(Record<String, byte[]> record, String topic, String key, byte[] json) {
        context.forward(record.withKey(key).withValue(new Told(prefix + topic, json)));
    }

    private static ObjectNode read(byte[] checked) {
        try {
            return (ObjectNode) Rules.JSON.readTree(checked);
        } catch (IOException error) {
            throw new UncheckedIOException("it was read before", error);
        }
    }
}
