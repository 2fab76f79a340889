package techshop;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * The work of `techshop process` on Kafka Streams, exactly_once_v2: orders are checked where they lie, sent on
 * by product, and decided there.
 *
 * <p>System properties: {@code brokers}, {@code orders} (topic), {@code prefix} (of the others), {@code catalogue}
 * (file), {@code application}, {@code state} (folder), {@code threads}, {@code remember}, and, when given,
 * {@code commit.ms}, {@code linger.ms}, {@code session.ms} and {@code instance} (static membership).
 */
public final class Peer {
    private static final int PARTITIONS = 3;

    private Peer() {}

    public static void main(String[] arguments) throws Exception {
        KafkaStreams streams = new KafkaStreams(topology(), settings());
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
        streams.start();
    }

    static Topology topology() throws IOException {
        String prefix = required("prefix");
        Map<String, Long> openingStock = openingStock(new File(required("catalogue")));
        int remember = Integer.parseInt(System.getProperty("remember", "100000"));
        StreamsBuilder builder = new StreamsBuilder();
        // The last so many, of each partition its share.
        builder.addStateStore(Stores.keyValueStoreBuilder(
                Stores.lruMap(CheckOrders.NUMBERS, remember / PARTITIONS), Serdes.String(), Serdes.ByteArray()));
        // Cached: one record of a product and commit goes into the changelog, not one of each sale.
        builder.addStateStore(Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(DecideOrders.STOCK), Serdes.String(), Serdes.Long())
                .withCachingEnabled());

        Produced<String, Told> toTopics = Produced.with(Serdes.String(), Told.SERDE);
        KStream<String, Told> checked = builder
                .stream(required("orders"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(() -> new CheckOrders(new Rules(openingStock), prefix + "errors"), CheckOrders.NUMBERS);
        checked.split()
                .branch((key, told) -> told.topic() != null,
                        Branched.withConsumer(errors -> errors.to((key, told, at) -> told.topic(), toTopics)))
                .defaultBranch(Branched.withConsumer(orders -> orders
                        .mapValues(Told::json)
                        .repartition(Repartitioned.with(Serdes.String(), Serdes.ByteArray())
                                .withName("by-product")
                                .withNumberOfPartitions(PARTITIONS))
                        .process(() -> new DecideOrders(openingStock, prefix), DecideOrders.STOCK)
                        .to((key, told, at) -> told.topic(), toTopics)));
        return builder.build();
    }

    private static Map<String, Long> openingStock(File catalogue) throws IOException {
        Map<String, Long> stock = new HashMap<>();
        for (Map.Entry<String, JsonNode> product : Rules.JSON.readTree(catalogue).get("products").properties()) {
            stock.put(product.getKey(), product.getValue().get("stock").longValue());
        }
        return stock;
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, required("brokers"));
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, required("application"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, required("state"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, System.getProperty("threads", "1"));
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        optional(settings, "commit.ms", StreamsConfig.COMMIT_INTERVAL_MS_CONFIG);
        optional(settings, "linger.ms", StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG));
        optional(settings, "session.ms", StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG));
        optional(settings, "instance", StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG));
        return settings;
    }

    private static void optional(Properties settings, String property, String setting) {
        String value = System.getProperty(property);
        if (value != null) {
            settings.put(setting, value);
        }
    }

    private static String required(String property) {
        String value = System.getProperty(property);
        if (value == null) {
            throw new IllegalArgumentException("pass -D" + property + "=…");
        }
        return value;
    }
}
