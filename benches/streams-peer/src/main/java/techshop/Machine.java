package techshop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What /proc tells: seconds of processor time since the start of the machine or of a process. Linux only. */
final class Machine {
    private static final double TICKS_A_SECOND = 100;

    private Machine() {}

    /** Of all that ran, idling apart. */
    static double busy() throws IOException {
        String[] fields = Files.readString(Path.of("/proc/stat")).lines().findFirst().orElseThrow().split(" +");
        double sum = 0;
        // user nice system (idle iowait) irq softirq; what the hypervisor took is not ours.
        for (int field : new int[] {1, 2, 3, 6, 7}) {
            sum += Long.parseLong(fields[field]);
        }
        return sum / TICKS_A_SECOND;
    }

    /** Of one process, user and system; 0 once it is gone. */
    static double cpu(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_A_SECOND;
        } catch (IOException gone) {
            return 0;
        }
    }

    /** The most memory that a process ever had, in MiB; 0 once it is gone. */
    static double peakMib(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/status")).lines()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
                    .findFirst().orElse(0);
        } catch (IOException gone) {
            return 0;
        }
    }

    /** Cores that were used, from one instant to another, by others than some processes and ourselves. */
    static final class Others {
        private final long[] pids;
        private final double[] before;
        private final double busyBefore;
        private final long began = System.nanoTime();

        Others(long... pids) throws IOException {
            this.pids = pids.clone();
            before = ours();
            busyBefore = busy();
        }

        private double[] ours() {
            double[] all = new double[pids.length + 1];
            for (int at = 0; at < pids.length; at++) {
                all[at] = cpu(pids[at]);
            }
            all[pids.length] = cpu(ProcessHandle.current().pid());
            return all;
        }

        double cores() throws IOException {
            double others = busy() - busyBefore;
            double[] after = ours();
            for (int at = 0; at < after.length; at++) {
                others -= Math.max(0, after[at] - before[at]);
            }
            return Math.max(0, others / ((System.nanoTime() - began) / 1e9));
        }
    }
}
