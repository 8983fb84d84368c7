import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages of the client to and from the JSON of the tests. */
final class Messages {
    private Messages() {}

    static Message read(JsonObject json) {
        Message message = new Message(json.get("topic").getAsString(), bytes(json.get("body")));
        if (json.has("tag")) message.setTags(json.get("tag").getAsString());
        if (json.has("keys")) {
            List<String> keys = new ArrayList<>();
            for (JsonElement key : json.getAsJsonArray("keys")) keys.add(key.getAsString());
            message.setKeys(keys);
        }
        if (json.has("properties")) {
            for (Map.Entry<String, JsonElement> property : json.getAsJsonObject("properties").entrySet()) {
                message.putUserProperty(property.getKey(), property.getValue().getAsString());
            }
        }
        return message;
    }

    static JsonObject write(MessageExt message) {
        JsonObject json = new JsonObject();
        json.addProperty("topic", message.getTopic());
        json.addProperty("tag", message.getTags());
        json.addProperty("keys", message.getKeys());
        JsonObject properties = new JsonObject();
        message.getProperties().forEach(properties::addProperty);
        json.add("properties", properties);
        json.addProperty("body", Base64.getEncoder().encodeToString(message.getBody()));
        json.addProperty("messageId", message.getMsgId());
        if (message instanceof MessageClientExt) {
            json.addProperty("offsetMessageId", ((MessageClientExt) message).getOffsetMsgId());
        }
        json.addProperty("brokerName", message.getBrokerName());
        json.addProperty("queueId", message.getQueueId());
        json.addProperty("queueOffset", message.getQueueOffset());
        json.addProperty("reconsumeTimes", message.getReconsumeTimes());
        json.addProperty("sysFlag", message.getSysFlag());
        return json;
    }

    private static byte[] bytes(JsonElement base64) {
        return Base64.getDecoder().decode(base64.getAsString());
    }
}
