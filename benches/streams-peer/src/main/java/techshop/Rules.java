package techshop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Map;

/** What an order is: the same checks as `techshop process` makes. */
final class Rules {
    /** Numbers keep their digits, and nothing may stand twice or behind the object. */
    static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
            .build();

    private static final String[] TEXTS = {
        "order_id", "customer_id", "customer_email", "customer_region", "product_id", "product_name",
        "product_category", "timestamp", "status",
    };

    private static final long MOST_QUANTITY = 1_000_000;

    private final Map<String, Long> openingStock;

    Rules(Map<String, Long> openingStock) {
        this.openingStock = openingStock;
    }

    /** Why a message is no order, and its fields as far as it has any. */
    static final class Unfit extends Exception {
        private final transient ObjectNode fields;

        Unfit(String reason, ObjectNode fields) {
            super(reason, null, false, false);
            this.fields = fields;
        }

        /** The message about it in topic `errors`. */
        ObjectNode toError(byte[] key, byte[] value, String topic, int partition, long offset) {
            ObjectNode error = fields;
            if (error == null) {
                error = JSON.createObjectNode();
                error.put("order_id", key == null ? null : new String(key, StandardCharsets.UTF_8));
            }
            error.put("status", "invalid").put("error_reason", getMessage());
            byte[] raw = value == null ? new byte[0] : value;
            String text = new String(raw, StandardCharsets.UTF_8);
            error.put("raw_message", text);
            if (text.indexOf('\uFFFD') >= 0) {
                error.put("raw_message_b64", Base64.getEncoder().encodeToString(raw));
            }
            error.putObject("source").put("topic", topic).put("partition", partition).put("offset", offset);
            return error;
        }
    }

    ObjectNode read(byte[] value) throws Unfit {
        if (value == null) {
            throw new Unfit("the message is empty (a tombstone)", null);
        }
        JsonNode read;
        try {
            read = JSON.readTree(value);
        } catch (JsonProcessingException error) {
            throw new Unfit("it is no JSON object: " + error.getOriginalMessage(), null);
        } catch (IOException error) {
            throw new Unfit("it is no JSON object: " + error.getMessage(), null);
        }
        if (!(read instanceof ObjectNode order)) {
            throw new Unfit("it is no JSON object", null);
        }
        check(order);
        return order;
    }

    private void check(ObjectNode order) throws Unfit {
        for (String name : TEXTS) {
            require(field(order, name).isTextual(), order, name, "a text");
        }
        require(!order.get("order_id").textValue().isEmpty(), order, "order_id", "a text that is not empty");
        require(field(order, "customer_vip").isBoolean(), order, "customer_vip", "true or false");
        JsonNode quantity = field(order, "quantity");
        require(quantity.isIntegralNumber() && quantity.canConvertToLong() && quantity.longValue() >= 1
                && quantity.longValue() <= MOST_QUANTITY, order, "quantity", "a whole number from 1 to 1000000");
        JsonNode price = field(order, "price");
        JsonNode total = field(order, "total");
        require(price.isNumber() && price.decimalValue().signum() > 0, order, "price", "above zero");
        require(total.isNumber(), order, "total", "a number");
        BigDecimal due = price.decimalValue().multiply(quantity.decimalValue());
        if (cents(due).compareTo(cents(total.decimalValue())) != 0) {
            throw new Unfit("total " + total + " is not price " + price + " times quantity " + quantity, order);
        }
        try {
            DateTimeFormatter.ISO_DATE_TIME.parse(order.get("timestamp").textValue());
        } catch (DateTimeException error) {
            throw new Unfit("field timestamp must be a moment in ISO 8601", order);
        }
        if (!openingStock.containsKey(order.get("product_id").textValue())) {
            throw new Unfit("there is no product " + order.get("product_id").textValue(), order);
        }
    }

    private static BigDecimal cents(BigDecimal amount) {
        return amount.setScale(2, RoundingMode.HALF_UP);
    }

    private static JsonNode field(ObjectNode order, String name) throws Unfit {
        JsonNode value = order.get(name);
        if (value == null) {
            throw new Unfit("field " + name + " is missing", order);
        }
        return value;
    }

    private static void require(boolean good, ObjectNode order, String name, String mustBe) throws Unfit {
        if (!good) {
            throw new Unfit("field " + name + " must be " + mustBe, order);
        }
    }

    static byte[] bytes(ObjectNode json) {
        try {
            return JSON.writeValueAsBytes(json);
        } catch (JsonProcessingException error) {
            throw new IllegalStateException("a tree can be written", error);
        }
    }
}
