import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The second opinion of the tests: Apache Kafka's own Java client, which shares no code with the
 * client library of the programs under test.
 *
 * <p>It listens on a loopback port, which it prints. One connection is one request: the first line
 * is a JSON object whose {@code do} says what is asked, any further lines belong to it. The answer
 * is some lines of JSON, the last of which has either {@code done} or {@code error}. It ends when
 * its standard input does, so it never outlives the tests.
 */
public final class Witness {
    static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build());

    private Witness() {}

    public static void main(String[] arguments) throws Exception {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        System.out.println(server.getLocalPort());
        daemon(Witness::endWithStandardInput);
        while (true) {
            Socket connection = server.accept();
            daemon(() -> serve(connection));
        }
    }

    /** True from when the asking side has said one more line, or is gone. */
    static AtomicBoolean whenSaid(BufferedReader in) {
        AtomicBoolean said = new AtomicBoolean();
        daemon(() -> {
            try {
                in.readLine();
            } catch (java.io.IOException gone) {
                // Nobody asks any more: the same.
            }
            said.set(true);
        });
        return said;
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
    }

    private static void endWithStandardInput() {
        try {
            while (System.in.read() >= 0) {
                // Whatever is written to us there means nothing: only its end counts.
            }
        } catch (java.io.IOException ended) {
            // The same as the end.
        }
        Runtime.getRuntime().halt(0);
    }

    private static void serve(Socket connection) {
        try (connection;
                BufferedReader in = new BufferedReader(new InputStreamReader(
                        connection.getInputStream(), StandardCharsets.UTF_8));
                BufferedWriter out = new BufferedWriter(new OutputStreamWriter(
                        connection.getOutputStream(), StandardCharsets.UTF_8))) {
            ObjectNode last;
            try {
                last = answer(JSON.readTree(in.readLine()), in, out);
                last.put("done", true);
            } catch (Exception failure) {
                last = JSON.createObjectNode();
                last.put("error", reason(failure));
            }
            out.write(last.toString());
            out.write('\n');
        } catch (Exception gone) {
            System.err.println("a request was given up: " + gone);
        }
    }

    private static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.toString();
    }

    private static ObjectNode answer(JsonNode request, BufferedReader in, BufferedWriter out)
            throws Exception {
        String what = request.get("do").asText();
        switch (what) {
            case "produce":
                return Records.produce(request, in);
            case "flood":
                return Records.flood(request, in);
            case "transactions":
                return Transactions.write(request, in);
            case "dump":
                return Records.dump(request, out);
            default:
                return Cluster.answer(what, request);
        }
    }

    /** The client settings that a request carries: at least {@code bootstrap.servers}. */
    static Properties settings(JsonNode request) {
        Properties properties = new Properties();
        request.get("client").fields().forEachRemaining(
                setting -> properties.put(setting.getKey(), setting.getValue().asText()));
        return properties;
    }
}
