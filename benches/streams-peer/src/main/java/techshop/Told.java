package techshop;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** A message on its way to one of the shop's topics; without a topic, on to whoever has the stock. */
record Told(String topic, byte[] json) {
    /** Only ever written: what is read is bytes. */
    static final Serde<Told> SERDE = Serdes.serdeFrom(
            (topic, told) -> told.json(),
            (topic, bytes) -> new Told(topic, bytes));
}
