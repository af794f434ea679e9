package io.fewshot.training;

import io.fewshot.event.Method;
import io.fewshot.event.RetrainRequest;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does one training after another, each for one request. Safe for use by several threads. */
final class Trainings {

  private static final Logger LOG = LoggerFactory.getLogger(Trainings.class);

  private final Connection connection;
  private final HeadTraining heads;
  private final LoraTraining adapters;
  private final TrainingMeters meters;

  Trainings(
      Connection connection, HeadTraining heads, LoraTraining adapters, TrainingMeters meters) {
    this.connection = connection;
    this.heads = heads;
    this.adapters = adapters;
    this.meters = meters;
  }

  /** Trains; whatever goes wrong is an outcome, except being stopped. */
  Outcome run(RetrainRequest request, HeadTraining.Progress progress) {
    String task = request.getTask();
    long start = System.nanoTime();
    Outcome outcome;
    try {
      outcome =
          train(
              request,
              (step, done) -> {
                meters.progress(task, done);
                progress.at(step, done);
              });
    } catch (TrainingStoppedException | InterruptException e) {
      throw e;
    } catch (RuntimeException | OutOfMemoryError e) {
      LOG.warn("Task {}: the training failed", task, e);
      outcome = new Outcome.Failed(e.getMessage() == null ? e.toString() : e.getMessage());
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    meters.progress(task, 1);
    meters.ended(task, method(request).name(), outcome, took);
    LOG.info(
        "Task {}: {} after {} ms: {}",
        task,
        outcome.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT),
        took.toMillis(),
        outcome.why());
    return outcome;
  }

  /** What is trained for a request. */
  static Method method(RetrainRequest request) {
    return request.getMethod() == Method.LORA ? Method.LORA : Method.HEAD;
  }

  private Outcome train(RetrainRequest request, HeadTraining.Progress progress) {
    Optional<TaskDefinition> task = definition(request.getTask());
    if (task.isEmpty()) {
      return new Outcome.Rejected(
          "no valid definition of task %s is known: apply one with ./fewshot task apply"
              .formatted(request.getTask()),
          Map.of());
    }
    if (task.get().kind() != Kind.CLASSIFY && method(request) == Method.HEAD) {
      return Outcome.rejected(
          "a head is for tasks of kind classify: ask for the method lora instead");
    }
    return method(request) == Method.LORA
        ? adapters.run(task.get(), progress)
        : heads.run(task.get(), progress);
  }

  /** As the learning application last found it valid. */
  private Optional<TaskDefinition> definition(String task) {
    AtomicReference<@Nullable String> yaml = new AtomicReference<>();
    connection.readToEnd(
        connection.topics().validTasks(),
        record -> {
          if (task.equals(record.key())) {
            byte[] value = record.value();
            yaml.set(value == null ? null : new String(value, StandardCharsets.UTF_8));
          }
        });
    try {
      return Optional.ofNullable(yaml.get()).map(text -> new TaskYaml().parse(text));
    } catch (InvalidTaskException e) {
      LOG.warn("Task {}: its definition is not valid: {}", task, e.getMessage());
      return Optional.empty();
    }
  }
}
