import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Looking at a cluster and changing it: topics, offsets, groups, users. */
final class Cluster {
    /** Clients that answered, kept for the next request: to make one takes longer than to ask. */
    private static final ArrayDeque<Kept> KEPT = new ArrayDeque<>();

    private static final int MOST_KEPT = 8;

    private record Kept(Properties settings, Admin admin) {}

    private Cluster() {}

    static ObjectNode answer(String what, JsonNode request) throws Exception {
        Properties settings = Witness.settings(request);
        // Whether a broker answers is asked as somebody new asks it.
        boolean isNew = what.equals("ready");
        Admin admin = isNew ? Admin.create(settings) : take(settings);
        Kept kept = null;
        try {
            ObjectNode answer = answer(admin, what, request);
            kept = isNew ? null : new Kept(settings, admin);
            return answer;
        } finally {
            // One that failed is not asked again.
            if (kept == null) {
                admin.close(Duration.ZERO);
            } else {
                keep(kept);
            }
        }
    }

    private static Admin take(Properties settings) {
        synchronized (KEPT) {
            Iterator<Kept> latest = KEPT.descendingIterator();
            while (latest.hasNext()) {
                Kept kept = latest.next();
                if (kept.settings.equals(settings)) {
                    latest.remove();
                    return kept.admin;
                }
            }
        }
        return Admin.create(settings);
    }

    private static void keep(Kept kept) {
        Kept oldest;
        synchronized (KEPT) {
            KEPT.addLast(kept);
            oldest = KEPT.size() > MOST_KEPT ? KEPT.removeFirst() : null;
        }
        if (oldest != null) {
            oldest.admin.close(Duration.ZERO);
        }
    }

    private static ObjectNode answer(Admin admin, String what, JsonNode request) throws Exception {
        ObjectNode answer = Witness.JSON.createObjectNode();
        switch (what) {
            case "ready":
                admin.describeCluster().nodes().get();
                break;
            case "create-topic":
                createTopic(admin, request);
                break;
            case "delete-topic":
                admin.deleteTopics(List.of(request.get("topic").asText())).all().get();
                break;
            case "delete-group":
                admin.deleteConsumerGroups(List.of(request.get("group").asText())).all().get();
                break;
            case "grow-topic":
                admin.createPartitions(Map.of(request.get("topic").asText(),
                        NewPartitions.increaseTo(request.get("partitions").asInt()))).all().get();
                break;
            case "configure-topic":
                configure(admin, request);
                break;
            case "ends":
                ends(admin, request, answer);
                break;
            case "delete-before":
                deleteBefore(admin, partition(request), request.get("offset").asLong());
                break;
            case "group":
                admin.listConsumerGroupOffsets(request.get("group").asText())
                        .partitionsToOffsetAndMetadata().get().forEach((partition, committed) ->
                                answer.put(partition.topic() + "/" + partition.partition(),
                                        committed.offset()));
                break;
            case "move-group":
                admin.alterConsumerGroupOffsets(request.get("group").asText(),
                        Map.of(partition(request),
                                new OffsetAndMetadata(request.get("offset").asLong())))
                        .all().get();
                break;
            case "add-user":
                addUser(admin, request);
                break;
            default:
                throw new IllegalArgumentException("no such request: " + what);
        }
        return answer;
    }

    private static TopicPartition partition(JsonNode request) {
        return new TopicPartition(
                request.get("topic").asText(), request.get("partition").asInt());
    }

    /** Returns when the broker tells of it; its log heeds it a moment later. */
    private static void configure(Admin admin, JsonNode request) throws Exception {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, request.get("topic").asText());
        String name = request.get("name").asText();
        String value = request.get("value").asText();
        AlterConfigOp set = new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(topic, List.of(set))).all().get();
        while (!admin.describeConfigs(List.of(topic)).all().get().get(topic).get(name).value().equals(value)) {
            Thread.sleep(20);
        }
    }

    private static void deleteBefore(Admin admin, TopicPartition partition, long offset) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (true) {
            try {
                admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(offset))).all().get();
                return;
            } catch (ExecutionException error) {
                // It was compacted until a moment ago.
                if (!(error.getCause() instanceof PolicyViolationException) || System.nanoTime() > deadline) {
                    throw error;
                }
                Thread.sleep(20);
            }
        }
    }

    private static void createTopic(Admin admin, JsonNode request) throws Exception {
        Map<String, String> config = new HashMap<>();
        request.path("config").fields().forEachRemaining(
                one -> config.put(one.getKey(), one.getValue().asText()));
        NewTopic topic = new NewTopic(request.get("topic").asText(),
                Optional.of(request.get("partitions").asInt()), Optional.empty());
        CreateTopicsResult created = admin.createTopics(List.of(topic.configs(config)));
        Uuid id = created.topicId(topic.name()).get();
        // The controller has it; a broker may still tell of a topic of this name that was deleted before,
        // and a producer that hears of that one is stuck with it.
        while (!isToldOf(admin, topic.name(), id)) {
            Thread.sleep(20);
        }
        // A broker tells of a partition a moment before it serves it. Of two batches that are under way in
        // that moment the first may be refused and the second taken; then the first is out of sequence for
        // good. Asked for its offsets, a broker answers only once it serves the partition.
        admin.listOffsets(latest(admin, topic.name())).all().get();
    }

    private static boolean isToldOf(Admin admin, String topic, Uuid id) throws Exception {
        try {
            TopicDescription found = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            return found.topicId().equals(id)
                    && found.partitions().stream().allMatch(one -> one.leader() != null && !one.leader().isEmpty());
        } catch (ExecutionException error) {
            if (error.getCause() instanceof UnknownTopicOrPartitionException) {
                return false;
            }
            throw error;
        }
    }

    /** One past the last offset of each partition, for readers of committed records or of all. */
    private static void ends(Admin admin, JsonNode request, ObjectNode answer) throws Exception {
        String topic = request.get("topic").asText();
        ListOffsetsOptions options = new ListOffsetsOptions(request.path("committed").asBoolean()
                ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED);
        admin.listOffsets(latest(admin, topic), options).all().get().forEach((partition, end) ->
                answer.put(Integer.toString(partition.partition()), end.offset()));
    }

    private static Map<TopicPartition, OffsetSpec> latest(Admin admin, String topic) throws Exception {
        TopicDescription description =
                admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        description.partitions().forEach(one ->
                wanted.put(new TopicPartition(topic, one.partition()), OffsetSpec.latest()));
        return wanted;
    }

    private static void addUser(Admin admin, JsonNode request) throws Exception {
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                request.get("user").asText(),
                new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096),
                request.get("password").asText()))).all().get();
    }
}
