import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Requests and their replies. */
final class Asking {
    private final Producing producing;

    Asking(Producing producing) {
        this.producing = producing;
    }

    /**
     * Waits for the reply. By callback, because the request of 5.3.3 that waits itself gives up as soon as it is sent; that
     * callback is called then, too, without a reply.
     */
    JsonElement request(JsonObject command) throws Exception {
        DefaultMQProducer producer = producing.producer(command);
        long timeoutMs = command.get("timeoutMs").getAsLong();
        CompletableFuture<MessageExt> replied = new CompletableFuture<>();
        producer.request(Messages.read(command), new RequestCallback() {
            @Override
            public void onSuccess(Message reply) {
                if (reply != null) replied.complete((MessageExt) reply);
            }

            @Override
            public void onException(Throwable failure) {
                replied.completeExceptionally(failure);
            }
        }, timeoutMs);
        return Messages.write(replied.get(timeoutMs, TimeUnit.MILLISECONDS));
    }

    /** From now on replies to every request to a topic with its body. */
    JsonElement echo(JsonObject command) throws Exception {
        DefaultMQProducer producer = producing.producer(command);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(command.get("group").getAsString());
        consumer.setNamesrvAddr(command.get("nameServer").getAsString());
        consumer.setInstanceName("echo-of-" + command.get("topic").getAsString());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(command.get("topic").getAsString(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            try {
                for (MessageExt message : messages) {
                    producer.send(MessageUtil.createReplyMessage(message, message.getBody()), 10_000);
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            } catch (Exception failure) {
                failure.printStackTrace();
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            }
        });
        consumer.start();
        return JsonNull.INSTANCE;
    }
}
