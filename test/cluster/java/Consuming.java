import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.store.ReadOffsetType;
import org.apache.rocketmq.client.impl.consumer.DefaultMQPushConsumerImpl;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The consuming half of the commands: push consumers by name. */
final class Consuming {
    private final Map<String, DefaultMQPushConsumer> consumers = new HashMap<>();

    JsonElement start(JsonObject command) throws Exception {
        String name = command.get("consumer").getAsString();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(command.get("group").getAsString());
        consumer.setNamesrvAddr(command.get("nameServer").getAsString());
        // A client of its own: consumers of one instance name share one client id.
        consumer.setInstanceName(name);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        // The retry topic comes into being with the first heartbeat and is found at the next look.
        consumer.setPollNameServerInterval(500);
        consumer.setSuspendCurrentQueueTimeMillis(50);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        if (command.has("brokerRebalance")) {
            DefaultMQPushConsumer.class.getMethod("setClientRebalance", boolean.class).invoke(consumer, false);
        }
        String topic = command.get("topic").getAsString();
        if (command.has("sql")) {
            consumer.subscribe(topic, MessageSelector.bySql(command.get("sql").getAsString()));
        } else {
            consumer.subscribe(topic, command.get("tags").getAsString());
        }
        byte[] failing = command.get("failOnce").getAsString().getBytes(StandardCharsets.UTF_8);
        if (command.get("orderly").getAsBoolean()) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> report(name, messages, failing)
                ? ConsumeOrderlyStatus.SUCCESS
                : ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT);
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> report(name, messages, failing)
                ? ConsumeConcurrentlyStatus.CONSUME_SUCCESS
                : ConsumeConcurrentlyStatus.RECONSUME_LATER);
        }
        consumer.start();
        consumers.put(name, consumer);
        return JsonNull.INSTANCE;
    }

    /** The queues that a consumer holds now, retry topics included, and what it will commit for them: -1 is nothing. */
    JsonElement queues(JsonObject command) {
        JsonArray queues = new JsonArray();
        DefaultMQPushConsumerImpl consumer =
            consumers.get(command.get("consumer").getAsString()).getDefaultMQPushConsumerImpl();
        for (MessageQueue queue : consumer.getRebalanceImpl().getProcessQueueTable().keySet()) {
            JsonObject json = new JsonObject();
            json.addProperty("topic", queue.getTopic());
            json.addProperty("name", queue.getBrokerName() + "/" + queue.getQueueId());
            json.addProperty("offset", consumer.getOffsetStore().readOffset(queue, ReadOffsetType.READ_FROM_MEMORY));
            queues.add(json);
        }
        return queues;
    }

    JsonElement stop(JsonObject command) {
        consumers.remove(command.get("consumer").getAsString()).shutdown();
        return JsonNull.INSTANCE;
    }

    /** Whether they are done with: a message whose body is the failing one is not when it is delivered first. */
    private static boolean report(String consumer, List<MessageExt> messages, byte[] failing) {
        boolean done = true;
        for (MessageExt message : messages) {
            JsonObject line = new JsonObject();
            line.addProperty("consumer", consumer);
            line.add("message", Messages.write(message));
            Client.print(line);
            if (message.getReconsumeTimes() == 0 && Arrays.equals(message.getBody(), failing)) done = false;
        }
        return done;
    }
}
