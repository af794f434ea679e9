package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.fewshot.event.Method;
import io.fewshot.training.Requests;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Trainers as processes of their own, which die and hang in the middle of a training: each request
 * is answered once, by one release.
 */
class TrainerCrashIT {

  private static final String[] STEPS = {"reading", "encoding", "training", "comparing"};

  @TempDir Path folder;

  private Trainers trainers;

  @BeforeEach
  void start() throws IOException {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "has no signals");
    trainers = new Trainers(folder);
  }

  @AfterEach
  void stop() throws IOException {
    if (trainers != null) {
      trainers.close();
    }
  }

  @Test
  void whatIsAskedOnceIsTrainedOnceWhoeverDiesOrHangs() throws Exception {
    dieHangAndShare("encoding", "encoding");
  }

  @Tag("slow")
  @RepeatedTest(4)
  void whereverItDiesOrHangs(RepetitionInfo info) throws Exception {
    int i = info.getCurrentRepetition();
    dieHangAndShare(STEPS[i % STEPS.length], STEPS[(i + 1) % STEPS.length]);
  }

  @Tag("slow")
  @Test
  void whatJoinedIsNotTrainedAgainWhenItsTrainerDiedBeforeItPassedItOver() throws Exception {
    // Given two requests that one training answered
    Process first = trainers.launch();
    trainers.ask("joined");
    trainers.awaitStep("joined", "encoding");
    Requests.Place second = Requests.send(trainers.connection, "joined", Method.HEAD, "once more");
    trainers.awaitAnswer("joined", second);
    trainers.awaitCommitted(second);
    first.destroy();
    assertThat(first.waitFor(Trainers.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

    // When the group stands before the second one, and a trainer comes
    TopicPartition partition =
        new TopicPartition(Trainers.TOPICS.retrain().name(), second.partition());
    trainers
        .admin
        .alterConsumerGroupOffsets(
            Trainers.group(), Map.of(partition, new OffsetAndMetadata(second.offset())))
        .all()
        .get();
    trainers.launch();

    // Then
    trainers.awaitCommitted(second);
    trainers.assertOneRelease("joined");
  }

  private void dieHangAndShare(String diesAt, String hangsAt) throws Exception {
    // Given a trainer in the middle of a training
    Process first = trainers.launch();
    Requests.Place asked = trainers.ask("dies");
    trainers.awaitStep("dies", diesAt);

    // When it is killed and another comes
    Trainers.signal(first, "KILL");
    Process second = trainers.launch();

    // Then that one starts again, and one release comes of the request
    trainers.awaitAnswer("dies", asked);
    trainers.assertOneRelease("dies");

    // Given another training
    asked = trainers.ask("hangs");
    trainers.awaitStep("hangs", hangsAt);

    // When its trainer hangs until the next has done its work, and then goes on
    Trainers.signal(second, "STOP");
    Process third = trainers.launch();
    trainers.awaitAnswer("hangs", asked);
    Trainers.signal(second, "CONT");

    // Then it joins again without having published anything
    trainers.awaitMembers(2);
    trainers.assertOneRelease("hangs");

    // When a second request comes while one of two trainers is at work
    trainers.ask("shared");
    trainers.awaitStep("shared", "encoding");
    asked = Requests.send(trainers.connection, "shared", Method.HEAD, "once more");
    trainers.awaitAnswer("shared", asked);

    // Then both were answered by one training
    trainers.awaitCommitted(asked);
    trainers.assertOneRelease("shared");

    // When the one at work is told to stop in the middle of a training
    asked = trainers.ask("stops");
    trainers.awaitStep("stops", "encoding");
    third.destroy();

    // Then it ends in order, and the other does it
    assertThat(third.waitFor(Trainers.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(third.exitValue()).isZero();
    trainers.awaitAnswer("stops", asked);
    trainers.assertOneRelease("stops");
    trainers.assertOneRelease("hangs");
    trainers.assertOneRelease("dies");
  }
}
