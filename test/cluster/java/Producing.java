import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.common.message.Message;

/** The producing half of the commands: one producer for each cluster. */
final class Producing {
    private final Map<String, DefaultMQProducer> producers = new HashMap<>();

    JsonElement createTopic(JsonObject command) throws Exception {
        DefaultMQProducer producer = producer(command);
        String topic = command.get("topic").getAsString();
        int queues = command.get("queues").getAsInt();
        try {
            DefaultMQProducer.class
                .getMethod("createTopic", String.class, String.class, int.class)
                .invoke(producer, "TBW102", topic, queues);
        } catch (NoSuchMethodException since5) {
            DefaultMQProducer.class
                .getMethod("createTopic", String.class, String.class, int.class, Map.class)
                .invoke(producer, "TBW102", topic, queues, new HashMap<String, String>());
        }
        return JsonNull.INSTANCE;
    }

    /** One after the other; a message with a sharding key goes to the queue that its hash chooses. */
    JsonElement send(JsonObject command) throws Exception {
        DefaultMQProducer producer = producer(command);
        JsonArray results = new JsonArray();
        for (JsonElement element : command.getAsJsonArray("messages")) {
            JsonObject json = element.getAsJsonObject();
            Message message = Messages.read(json);
            SendResult result = json.has("shardKey")
                ? producer.send(message, new SelectMessageQueueByHash(), json.get("shardKey").getAsString())
                : producer.send(message);
            results.add(write(result));
        }
        return results;
    }

    JsonElement sendOneway(JsonObject command) throws Exception {
        DefaultMQProducer producer = producer(command);
        for (Message message : messages(command)) producer.sendOneway(message);
        return JsonNull.INSTANCE;
    }

    JsonElement sendBatch(JsonObject command) throws Exception {
        return write(producer(command).send(messages(command)));
    }

    /** By its unique id or its offset id. */
    JsonElement find(JsonObject command) throws Exception {
        String topic = command.get("topic").getAsString();
        return Messages.write(producer(command).viewMessage(topic, command.get("messageId").getAsString()));
    }

    private static List<Message> messages(JsonObject command) {
        List<Message> messages = new ArrayList<>();
        for (JsonElement json : command.getAsJsonArray("messages")) messages.add(Messages.read(json.getAsJsonObject()));
        return messages;
    }

    private static JsonObject write(SendResult result) {
        JsonObject json = new JsonObject();
        json.addProperty("status", result.getSendStatus().name());
        json.addProperty("messageId", result.getMsgId());
        json.addProperty("offsetMessageId", result.getOffsetMsgId());
        json.addProperty("brokerName", result.getMessageQueue().getBrokerName());
        json.addProperty("queueId", result.getMessageQueue().getQueueId());
        json.addProperty("queueOffset", result.getQueueOffset());
        return json;
    }

    DefaultMQProducer producer(JsonObject command) throws MQClientException {
        String nameServer = command.get("nameServer").getAsString();
        DefaultMQProducer known = producers.get(nameServer);
        if (known != null) return known;
        DefaultMQProducer producer = new DefaultMQProducer("java-producers");
        producer.setNamesrvAddr(nameServer);
        producer.setInstanceName("producer-of-" + nameServer.replace(':', '-'));
        producer.setSendMsgTimeout(Kinds.SEND_TIMEOUT_MS);
        producer.start();
        producers.put(nameServer, producer);
        return producer;
    }
}
