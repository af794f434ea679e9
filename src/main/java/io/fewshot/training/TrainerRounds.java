package io.fewshot.training;

import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.RetrainRequest;
import io.fewshot.training.TrainingStatus.State;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes requests, one at a time from each partition, has them trained on a thread of its own, and
 * publishes what came of them. {@link #run} is for one thread, which may call it again after it
 * failed: requests that were not answered come again.
 */
final class TrainerRounds implements AutoCloseable, ConsumerRebalanceListener {

  private static final Logger LOG = LoggerFactory.getLogger(TrainerRounds.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration ASK = Duration.ofSeconds(10);
  private static final String TRAINER = "trainer";

  private final Connection connection;
  private final Trainings trainings;
  private final Triggers triggers;
  private final TrainerService.Listener listener;
  private final Publishing publishing;
  private final Map<TopicPartition, Job> jobs = new HashMap<>();
  private final Set<Integer> owned = new HashSet<>();

  /** Up to which offset of the requests what was trained last answers, by task and method. */
  private final Map<ReleaseBook.Slot, Long> answered = new HashMap<>();

  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "fewshot-training");
            thread.setDaemon(true);
            return thread;
          });

  TrainerRounds(
      Connection connection,
      Trainings trainings,
      Triggers triggers,
      TrainerService.Listener listener) {
    this.connection = connection;
    this.trainings = trainings;
    this.triggers = triggers;
    this.listener = listener;
    this.publishing = new Publishing(connection);
  }

  /**
   * Works until it is no longer open.
   *
   * @param joined called when it is at work
   * @throws KafkaException when it cannot go on
   */
  void run(BooleanSupplier open, Runnable joined) {
    Map<String, Object> given = connection.settings().consumer();
    given.put(ConsumerConfig.GROUP_ID_CONFIG, id(TRAINER));
    given.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
    // A trainer that joins must not end the trainings of those that are there.
    given.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    try (KafkaConsumer<String, byte[]> consumer = connection.consumer(given);
        Producer<String, byte[]> progress = connection.producer(Map.of())) {
      String requests = connection.topics().retrain().name();
      // Polling alone does not tell a broker that is away from one that has nothing to say.
      if (!consumer.listTopics(ASK).containsKey(requests)) {
        throw new KafkaException(
            "the topic " + requests + " is not there: run ./fewshot topics create");
      }
      consumer.subscribe(List.of(requests), this);
      while (open.getAsBoolean()) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
          take(record, consumer, progress);
        }
        joined.run();
        for (Job job : List.copyOf(jobs.values())) {
          if (job.result().isDone()) {
            finish(job, consumer);
          }
        }
      }
    } finally {
      drop(List.copyOf(jobs.keySet()));
      owned.clear();
      triggers.owns(Set.of(), 1);
    }
  }

  private String id(String name) {
    return connection.settings().applicationIdPrefix() + name;
  }

  private void take(
      ConsumerRecord<String, byte[]> record,
      KafkaConsumer<String, byte[]> consumer,
      Producer<String, byte[]> progress) {
    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
    triggers.owns(owned, consumer.partitionsFor(record.topic()).size());
    RetrainRequest request;
    try {
      request =
          connection
              .codecs()
              .codec(RetrainRequest.class)
              .decode(record.topic(), record.headers(), record.value());
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RecordException | NullPointerException e) {
      LOG.warn("Passed over the request at {}: {}", record.offset(), e.getMessage());
      skip(partition, record.offset(), consumer);
      return;
    }
    ReleaseBook.Slot slot = new ReleaseBook.Slot(request.getTask(), Trainings.method(request));
    if (answered.getOrDefault(slot, -1L) >= record.offset() || wasAnswered(slot, record)) {
      LOG.info("Task {}: a request joined the training before it", request.getTask());
      skip(partition, record.offset(), consumer);
      return;
    }
    consumer.pause(List.of(partition));
    LOG.info("Task {}: training, because {}", request.getTask(), request.getReason());
    Producer<String, byte[]> producer =
        connection.producer(
            Map.of(
                ProducerConfig.TRANSACTIONAL_ID_CONFIG, id(TRAINER + "-" + partition.partition())));
    producer.initTransactions();
    triggers.started(request.getTask());
    Future<Outcome> result =
        worker.submit(
            () ->
                trainings.run(
                    request,
                    (step, done) -> {
                      listener.at(request.getTask(), slot.method(), step, done);
                      publishing.progress(progress, slot, partition, record.offset(), step, done);
                    }));
    jobs.put(partition, new Job(partition, record.offset(), request, producer, result));
  }

  /**
   * Whether a training that ended after the request was made answers it: its trainer may have died
   * before it could pass over those that joined. The time tells a topic that was made anew.
   */
  private boolean wasAnswered(ReleaseBook.Slot slot, ConsumerRecord<String, byte[]> request) {
    AtomicBoolean found = new AtomicBoolean();
    connection.readToEnd(
        connection.topics().trainings(),
        record ->
            TrainingStatus.of(record.value())
                .filter(status -> slot.equals(new ReleaseBook.Slot(status.task(), status.method())))
                .filter(status -> status.answers(request.partition(), request.offset()))
                .filter(status -> status.at() >= request.timestamp())
                .ifPresent(status -> found.set(true)));
    return found.get();
  }

  private static void skip(
      TopicPartition partition, long offset, KafkaConsumer<String, byte[]> consumer) {
    consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset + 1)));
  }

  private void finish(Job job, KafkaConsumer<String, byte[]> consumer) {
    Outcome outcome;
    try {
      outcome = job.result().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new org.apache.kafka.common.errors.InterruptException(e);
    } catch (ExecutionException | CancellationException e) {
      throw new KafkaException("the training of " + job.request().getTask() + " was stopped", e);
    }
    // Requests that came while it trained are answered by it too.
    long upTo = consumer.endOffsets(List.of(job.partition())).getOrDefault(job.partition(), 0L) - 1;
    ReleaseBook.Slot slot =
        new ReleaseBook.Slot(job.request().getTask(), Trainings.method(job.request()));
    publishing.publish(job, slot, outcome, Math.max(upTo, job.offset()), consumer.groupMetadata());
    answered.put(slot, Math.max(upTo, job.offset()));
    triggers.ended(slot.task());
    listener.at(slot.task(), slot.method(), words(outcome), 1);
    jobs.remove(job.partition());
    job.producer().close();
    consumer.resume(List.of(job.partition()));
  }

  private static String words(Outcome outcome) {
    return state(outcome).name().toLowerCase(java.util.Locale.ROOT) + ", " + outcome.why();
  }

  static State state(Outcome outcome) {
    if (outcome instanceof Outcome.Passed) {
      return State.RELEASED;
    }
    return outcome instanceof Outcome.Rejected ? State.REJECTED : State.FAILED;
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    partitions.forEach(partition -> owned.add(partition.partition()));
    triggers.owns(owned, connection.topics().retrain().partitions());
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    drop(partitions);
  }

  /** Another trainer starts again what is under way here. */
  private void drop(Collection<TopicPartition> partitions) {
    for (TopicPartition partition : partitions) {
      owned.remove(partition.partition());
      Job job = jobs.remove(partition);
      if (job != null) {
        LOG.info("Task {}: its training is left to another trainer", job.request().getTask());
        job.cancel();
      }
    }
    triggers.owns(owned, connection.topics().retrain().partitions());
  }

  @Override
  public void close() {
    worker.shutdownNow();
    try {
      if (!worker.awaitTermination(30, TimeUnit.SECONDS)) {
        LOG.warn("A training does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
