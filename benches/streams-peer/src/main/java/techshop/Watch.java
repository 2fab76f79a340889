package techshop;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/**
 * Watches how far committed outcomes have come, which costs next to nothing: every 10 ms it asks for the last stable
 * offset of each partition of notifications and errors, and reads no record.
 *
 * <p>{@code Meter watch BROKERS PREFIX ORDERS WARM-UP APPLICATION-PID BROKER-PID HALF-FILE}: until so many orders are
 * decided and nothing more comes. Figures begin when WARM-UP of them are decided; when half of the rest is, the file is
 * made, for whoever waits to kill something. Each transaction's marker counts as an outcome, so the instants are those
 * of some orders too early: one in thousands.
 */
final class Watch {
    private static final long QUIET_NS = 1_500_000_000L;
    private static final long PATIENCE_NS = 90_000_000_000L;
    private static final long STEP_MS = 10;

    private Watch() {}

    static void main(String[] arguments) throws Exception {
        String prefix = arguments[2];
        long orders = Long.parseLong(arguments[3]);
        long warmUp = Long.parseLong(arguments[4]);
        long application = Long.parseLong(arguments[5]);
        long broker = Long.parseLong(arguments[6]);
        Path halfFile = Path.of(arguments[7]);
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        for (int partition = 0; partition < 3; partition++) {
            wanted.put(new TopicPartition(prefix + "notifications", partition), OffsetSpec.latest());
        }
        wanted.put(new TopicPartition(prefix + "errors", 0), OffsetSpec.latest());
        ListOffsetsOptions committed = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);

        long began = System.nanoTime();
        long first = 0;
        long warm = 0;
        long warmAt = 0;
        long last = began;
        long count = 0;
        long longestGap = 0;
        double cpu = 0;
        double brokerCpu = 0;
        double cpuNow = 0;
        double brokerCpuNow = 0;
        Machine.Others others = null;
        double othersCores = 0;
        try (Admin admin = Admin.create(Meter.client(arguments[1]))) {
            while (true) {
                long sum = admin.listOffsets(wanted, committed).all().get().values().stream()
                        .mapToLong(end -> end.offset()).sum();
                long now = System.nanoTime();
                if (sum > count) {
                    if (first == 0) {
                        first = now;
                    } else if (warm > 0) {
                        longestGap = Math.max(longestGap, now - last);
                    }
                    last = now;
                    count = sum;
                    cpuNow = Machine.cpu(application);
                    brokerCpuNow = Machine.cpu(broker);
                    if (warm == 0 && count >= Math.max(1, warmUp)) {
                        warm = now;
                        warmAt = count;
                        cpu = cpuNow;
                        brokerCpu = brokerCpuNow;
                        others = new Machine.Others(application, broker);
                    }
                    if (count >= warmUp + (orders - warmUp) / 2 && !Files.exists(halfFile)) {
                        Files.createFile(halfFile);
                    }
                    if (others != null && count >= orders - 1) {
                        othersCores = others.cores();
                    }
                }
                if (count >= orders && now - last > QUIET_NS) {
                    break;
                }
                if (application > 0 && !Files.exists(Path.of("/proc/" + application))) {
                    throw new IllegalStateException("the program ended after " + count + " outcomes");
                }
                if (now - last > PATIENCE_NS) {
                    throw new IllegalStateException(count + " of " + orders + " outcomes, and nothing for 90 s");
                }
                Thread.sleep(STEP_MS);
            }
        }
        double seconds = (last - warm) / 1e9;
        // Markers, which are few, take part on both sides.
        double decided = Math.max(1, orders - Math.min(warmAt, orders - 1));
        Meter.tell("first", (first - began) / 1e9);
        Meter.tell("seconds", seconds);
        Meter.tell("rate", decided / seconds);
        Meter.tell("cpu", (cpuNow - cpu) * 1e6 / decided);
        Meter.tell("broker", (brokerCpuNow - brokerCpu) * 1e6 / decided);
        Meter.tell("peak", Machine.peakMib(application));
        Meter.tell("gap", longestGap / 1e9);
        Meter.tell("others", othersCores);
    }
}
