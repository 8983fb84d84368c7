import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * The official client as a test can drive it: each line of the input is a command in JSON, answered by one line with the
 * same id, in order. What consumers receive is reported by lines of its own. Ends with its input.
 */
public final class Client {
    private interface Command {
        JsonElement run(JsonObject arguments) throws Exception;
    }

    private static PrintStream lines;

    private Client() {}

    public static void main(String[] arguments) throws Exception {
        lines = new PrintStream(System.out, true, "UTF-8");
        // What libraries print must not come between our lines.
        System.setOut(System.err);
        Producing producing = new Producing();
        Consuming consuming = new Consuming();
        Asking asking = new Asking(producing);
        Map<String, Command> commands = new TreeMap<>();
        commands.put("createTopic", producing::createTopic);
        commands.put("send", producing::send);
        commands.put("sendOneway", producing::sendOneway);
        commands.put("sendBatch", producing::sendBatch);
        commands.put("find", producing::find);
        commands.put("request", asking::request);
        commands.put("echo", asking::echo);
        commands.put("sendKind", new Kinds()::send);
        commands.put("consume", consuming::start);
        commands.put("queues", consuming::queues);
        commands.put("stopConsumer", consuming::stop);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            JsonObject command = JsonParser.parseString(line).getAsJsonObject();
            JsonObject answer = new JsonObject();
            answer.add("id", command.get("id"));
            try {
                answer.add("result", commands.get(command.get("do").getAsString()).run(command));
            } catch (Exception error) {
                answer.addProperty("error", String.valueOf(error));
            }
            print(answer);
        }
        System.exit(0);
    }

    static synchronized void print(JsonObject line) {
        lines.println(line);
    }
}
