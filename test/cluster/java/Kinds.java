import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/** Sends one message of each kind that there is, so that what it puts on the wire can be written down. */
final class Kinds {
    private static final long REPLY_TIMEOUT_MS = 2_000;
    /** On a busy machine a broker may be late. */
    static final int SEND_TIMEOUT_MS = 30_000;
    private DefaultMQProducer producer;
    private TransactionMQProducer transactional;
    private volatile LocalTransactionState outcome;

    JsonElement send(JsonObject command) throws Exception {
        start(command.get("nameServer").getAsString());
        String topic = command.get("topic").getAsString();
        long at = command.get("at").getAsLong();
        Message message = new Message(topic, bytes("one message"));
        switch (command.get("kind").getAsString()) {
            case "plain":
                producer.send(message);
                break;
            case "dressed":
                message.setTags("blue");
                message.setKeys(Arrays.asList("order-1", "order-2"));
                message.putUserProperty("origin", "web shop");
                message.setBuyerId("buyer-7");
                message.setInstanceId("instance-7");
                message.setWaitStoreMsgOK(false);
                producer.send(message);
                break;
            case "sharded":
                producer.send(message, new SelectMessageQueueByHash(), "customer-7");
                break;
            case "delay-level":
                message.setDelayTimeLevel(3);
                producer.send(message);
                break;
            case "deliver-at":
                Message.class.getMethod("setDeliverTimeMs", long.class).invoke(message, at);
                producer.send(message);
                break;
            case "deliver-after":
                Message.class.getMethod("setDelayTimeMs", long.class).invoke(message, 1_500L);
                producer.send(message);
                break;
            case "recall":
                Message.class.getMethod("setDeliverTimeMs", long.class).invoke(message, at);
                SendResult stored = producer.send(message);
                String handle = (String) SendResult.class.getMethod("getRecallHandle").invoke(stored);
                DefaultMQProducer.class
                    .getMethod("recallMessage", String.class, String.class)
                    .invoke(producer, topic, handle);
                break;
            case "oneway":
                producer.sendOneway(message);
                break;
            case "batch":
                List<Message> batch = new ArrayList<>();
                for (int i = 0; i < 3; i++) batch.add(new Message(topic, "tag-" + i, "key-" + i, bytes("member " + i)));
                producer.send(batch);
                break;
            case "compressed":
                producer.send(new Message(topic, bytes(String.join("", Collections.nCopies(1_000, "compressible ")))));
                break;
            case "transaction-commit":
                inTransaction(message, LocalTransactionState.COMMIT_MESSAGE);
                break;
            case "transaction-rollback":
                inTransaction(message, LocalTransactionState.ROLLBACK_MESSAGE);
                break;
            case "transaction-unknown":
                inTransaction(message, LocalTransactionState.UNKNOW);
                break;
            case "request":
                try {
                    producer.request(message, REPLY_TIMEOUT_MS);
                } catch (RequestTimeoutException nobodyReplies) {
                    break;
                }
                throw new IllegalStateException("somebody replied");
            case "reply":
                try {
                    producer.send(MessageUtil.createReplyMessage(requestOf(topic, command.get("cluster").getAsString()), bytes("a reply")));
                } catch (MQBrokerException | MQClientException theRequesterIsNotThere) {
                    break;
                }
                break;
            default:
                throw new IllegalArgumentException("no such kind");
        }
        return JsonNull.INSTANCE;
    }

    private void inTransaction(Message message, LocalTransactionState state) throws Exception {
        outcome = state;
        transactional.sendMessageInTransaction(message, null);
    }

    /** A request as a consumer gets it. */
    private static Message requestOf(String topic, String cluster) {
        MessageExt request = new MessageExt();
        request.setTopic(topic);
        MessageAccessor.putProperty(request, MessageConst.PROPERTY_CLUSTER, cluster);
        MessageAccessor.putProperty(request, MessageConst.PROPERTY_CORRELATION_ID, "the-correlation");
        MessageAccessor.putProperty(request, MessageConst.PROPERTY_MESSAGE_REPLY_TO_CLIENT, "the-requester");
        MessageAccessor.putProperty(request, MessageConst.PROPERTY_MESSAGE_TTL, "3000");
        return request;
    }

    private void start(String nameServer) throws Exception {
        if (producer != null) return;
        producer = new DefaultMQProducer("recorded");
        producer.setNamesrvAddr(nameServer);
        producer.setInstanceName("recorded");
        producer.setSendMsgTimeout(SEND_TIMEOUT_MS);
        producer.start();
        transactional = new TransactionMQProducer("recorded-transactions");
        transactional.setNamesrvAddr(nameServer);
        transactional.setInstanceName("recorded-transactions");
        transactional.setSendMsgTimeout(SEND_TIMEOUT_MS);
        transactional.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
                return outcome;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return LocalTransactionState.UNKNOW;
            }
        });
        transactional.start();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
