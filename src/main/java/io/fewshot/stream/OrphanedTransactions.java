package io.fewshot.stream;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.streams.StreamsConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Aborts what instances of an application that are gone have left open. Until it is aborted, such a
 * transaction keeps the next owner of its partitions from reading where to go on, and readers of
 * committed records from everything behind it; the broker does it only after the transaction's
 * timeout, and looks every ten seconds.
 *
 * <p>Under exactly-once a thread's transactional id is {@code <application>-<process>-<thread>},
 * and its member of the group has the client id {@code
 * <application>-<process>-StreamThread-<thread>-consumer}. Whoever is no member and yet alive is
 * fenced by this, which it would be by the partitions' next owner too: it gives its tasks up and
 * joins again.
 */
final class OrphanedTransactions implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(OrphanedTransactions.class);

  /** A living thread commits more often than this. */
  private static final Duration OLD = Duration.ofSeconds(3);

  private static final Duration ASK = Duration.ofSeconds(5);

  /** A member that died is known to be gone after its session, six seconds. */
  private static final List<Duration> PAUSES =
      List.of(0, 1, 1, 1, 2, 2, 3, 5, 5, 10).stream().map(Duration::ofSeconds).toList();

  private static final String UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  private static final Pattern MEMBER =
      Pattern.compile("(?:.*?(" + UUID + ")|.*)-StreamThread-(\\d+)(?:-consumer)?");

  private final String name;
  private final String application;
  private final Map<String, Object> connection;
  private final Pattern transactionalId;
  private final Object lock = new Object();
  private boolean refusalSaid;

  // Guarded by lock.
  private @Nullable Thread thread;
  private int looks;
  private boolean closed;

  /** A thread of an instance. */
  private record Owner(String process, String thread) {}

  private OrphanedTransactions(String name, String application, Map<String, Object> connection) {
    this.name = name;
    this.application = application;
    this.connection = connection;
    this.transactionalId =
        Pattern.compile(Pattern.quote(application + "-") + "(" + UUID + ")-(\\d+)");
  }

  /**
   * @param config of the application, its connection included
   */
  static OrphanedTransactions of(String name, Properties config) {
    StreamsConfig streams = new StreamsConfig(config);
    String application = streams.getString(StreamsConfig.APPLICATION_ID_CONFIG);
    return new OrphanedTransactions(
        name, application, streams.getAdminConfigs(application + "-orphans"));
  }

  /** Looks now and a few times in the half minute to come, on a thread that ends then. */
  void look() {
    synchronized (lock) {
      looks = 0;
      if (thread == null && !closed) {
        Thread started = new Thread(this::keepLooking, "fewshot-" + name + "-orphans");
        started.setDaemon(true);
        thread = started;
        started.start();
      } else {
        lock.notifyAll();
      }
    }
  }

  private void keepLooking() {
    try {
      Admin admin = Admin.create(connection);
      try {
        while (awaitNext()) {
          abort(admin);
        }
      } finally {
        admin.close(Duration.ZERO);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      // The broker does it too, only later.
      LOG.warn("The {} application cannot look for open transactions: {}", name, e.toString());
    } finally {
      synchronized (lock) {
        thread = null;
      }
    }
  }

  /** Waits for the time of the next look; false after the last one. */
  private boolean awaitNext() throws InterruptedException {
    synchronized (lock) {
      if (closed || looks >= PAUSES.size()) {
        thread = null;
        return false;
      }
      long left = PAUSES.get(looks).toMillis();
      looks++;
      if (left > 0) {
        lock.wait(left);
      }
      return !closed;
    }
  }

  private void abort(Admin admin) throws InterruptedException {
    try {
      Set<String> open = open(admin);
      if (open.isEmpty()) {
        return;
      }
      Optional<Set<Owner>> living = living(admin);
      if (living.isEmpty()) {
        return;
      }
      List<String> orphans = open.stream().filter(id -> !living.get().contains(owner(id))).toList();
      if (!orphans.isEmpty()) {
        get(admin.fenceProducers(orphans).all());
        LOG.info(
            "The {} application aborted the transactions of instances that are gone: {}",
            name,
            orphans);
      }
    } catch (AuthorizationException | UnsupportedVersionException e) {
      if (!refusalSaid) {
        refusalSaid = true;
        LOG.warn(
            "The {} application may not abort the transactions of instances that are gone, so the"
                + " broker will do it, later: {}",
            name,
            e.getMessage());
      }
    } catch (KafkaException e) {
      LOG.debug("Open transactions are looked for again", e);
    }
  }

  /** The transactional ids of this application's transactions that are old. */
  private Set<String> open(Admin admin) throws InterruptedException {
    ListTransactionsOptions wanted =
        new ListTransactionsOptions()
            .filterStates(Set.of(TransactionState.ONGOING))
            .filterOnDuration(OLD.toMillis());
    Set<String> ids = new HashSet<>();
    for (TransactionListing listing : get(admin.listTransactions(wanted).all())) {
      if (transactionalId.matcher(listing.transactionalId()).matches()) {
        ids.add(listing.transactionalId());
      }
    }
    return ids;
  }

  private Owner owner(String id) {
    Matcher matcher = transactionalId.matcher(id);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(id);
    }
    return new Owner(matcher.group(1), matcher.group(2));
  }

  /** The threads in the group; empty when that cannot be told. */
  private Optional<Set<Owner>> living(Admin admin) throws InterruptedException {
    List<Optional<Owner>> members;
    try {
      members =
          get(admin.describeConsumerGroups(List.of(application)).all()).values().stream()
              .flatMap(group -> group.members().stream())
              .map(member -> member(member.clientId(), ""))
              .toList();
    } catch (GroupIdNotFoundException e) {
      // It may speak the other protocol.
      members =
          get(admin.describeStreamsGroups(List.of(application)).all()).values().stream()
              .flatMap(group -> group.members().stream())
              .map(member -> member(member.clientId(), member.processId()))
              .toList();
    }
    return members.stream().allMatch(Optional::isPresent)
        ? Optional.of(members.stream().flatMap(Optional::stream).collect(Collectors.toSet()))
        : Optional.empty();
  }

  /** Empty when the client id is one that somebody chose: it does not tell the process. */
  private static Optional<Owner> member(String clientId, String process) {
    Matcher matcher = MEMBER.matcher(clientId);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String known = process.isEmpty() ? matcher.group(1) : process;
    return known == null ? Optional.empty() : Optional.of(new Owner(known, matcher.group(2)));
  }

  private static <T> T get(KafkaFuture<T> future) throws InterruptedException {
    try {
      return future.get(ASK.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException cause ? cause : new KafkaException(e.getCause());
    } catch (TimeoutException e) {
      throw new KafkaException("the broker did not answer within " + ASK.toSeconds() + " s", e);
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      if (thread != null) {
        thread.interrupt();
      }
    }
  }
}
