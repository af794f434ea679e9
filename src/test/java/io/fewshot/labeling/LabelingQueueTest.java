package io.fewshot.labeling;

import static io.fewshot.labeling.LabelingFixtures.request;
import static io.fewshot.labeling.LabelingFixtures.unsure;
import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Reason;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabelingQueueTest {

  private static List<String> order(LabelingQueue queue) {
    List<String> order = new ArrayList<>();
    for (var next = queue.next(any -> true); next.isPresent(); next = queue.next(any -> true)) {
      order.add(next.get().queryId());
      queue.remove(next.get().queryId());
    }
    return order;
  }

  @Test
  void lanesTakeTurnsAndEachHasItsOwnOrder() {
    // Given
    LabelingQueue queue = new LabelingQueue();
    queue.put(unsure("sure", 0.8));
    queue.put(unsure("unsure", 0.1));
    queue.put(unsure("middling", 0.5));
    queue.put(request("new-novel", Reason.NOVEL, 0.1, 1));
    queue.put(request("old-novel", Reason.NOVEL, 0.9, 9));
    queue.put(request("new-audit", Reason.AUDIT, 0.99, 1));
    queue.put(request("old-audit", Reason.AUDIT, 0.99, 9));

    // When
    List<String> order = order(queue);

    // Then: unsure, novel, unsure, audit; what is left when a lane is empty
    assertThat(order)
        .containsExactly(
            "unsure", "old-novel", "middling", "old-audit", "sure", "new-novel", "new-audit");
  }

  @Test
  void onlyEligibleMessagesAreGivenAndTheyStay() {
    LabelingQueue queue = new LabelingQueue();
    queue.put(unsure("a", 0.1));
    queue.put(unsure("b", 0.2));

    assertThat(queue.next(request -> !request.queryId().equals("a")))
        .map(OpenRequest::queryId)
        .hasValue("b");
    assertThat(queue.size()).isEqualTo(2);
    assertThat(queue.next(request -> false)).isEmpty();
  }

  @Test
  void aMessageAskedAgainReplacesTheOldOne() {
    LabelingQueue queue = new LabelingQueue();
    queue.put(unsure("a", 0.1));
    queue.put(request("a", Reason.AUDIT, 0.9, 0));

    assertThat(queue.size()).isEqualTo(1);
    assertThat(queue.size(Reason.LOW_CONFIDENCE)).isZero();
    assertThat(order(queue)).containsExactly("a");
  }

  @Test
  void beyondTheLimitTheLeastUsefulGo() {
    LabelingQueue queue = new LabelingQueue(2);
    queue.put(unsure("best", 0.1));
    queue.put(unsure("worst", 0.9));
    queue.put(unsure("good", 0.3));

    assertThat(order(queue)).containsExactly("best", "good");
    assertThat(queue.dropped()).isEqualTo(1);
  }
}
