package io.fewshot.ops;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** How the parts of a process are, each under its name. Safe for use by several threads. */
public final class Health {

  private final Map<String, Supplier<Status>> components = new ConcurrentHashMap<>();

  /** How a part is. */
  public enum State {
    /** On its way. */
    STARTING,
    /** Does its work. */
    READY,
    /** Cannot work for now; what it should do waits. */
    FAILED,
    /** Will not work again in this process: only a restart helps. */
    DEAD;

    /** As people and programs read it. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * How a part is, and why.
   *
   * @param reason for people; empty when there is nothing to say
   */
  public record Status(State state, String reason) {

    public static final Status READY = new Status(State.READY, "");

    public static Status starting(String reason) {
      return new Status(State.STARTING, reason);
    }

    public static Status failed(String reason) {
      return new Status(State.FAILED, reason);
    }

    public static Status dead(String reason) {
      return new Status(State.DEAD, reason);
    }
  }

  /** A part that tells how it is; starts as starting. */
  public static final class Component {

    private volatile Status status = Status.starting("");

    private Component() {}

    public void starting(String reason) {
      status = Status.starting(reason);
    }

    public void ready() {
      status = Status.READY;
    }

    public void failed(String reason) {
      status = Status.failed(reason);
    }

    public void dead(String reason) {
      status = Status.dead(reason);
    }

    public Status status() {
      return status;
    }
  }

  /** A new part under this name, in place of an older one of the same name. */
  public Component component(String name) {
    Component component = new Component();
    components.put(name, component::status);
    return component;
  }

  /** A part that is asked each time; the answer must come at once. */
  public void watch(String name, Supplier<Status> status) {
    components.put(name, status);
  }

  public void remove(String name) {
    components.remove(name);
  }

  /** How each part is now, sorted by name. */
  public Map<String, Status> statuses() {
    Map<String, Status> statuses = new TreeMap<>();
    components.forEach((name, status) -> statuses.put(name, ask(status)));
    return statuses;
  }

  private static Status ask(Supplier<Status> status) {
    try {
      return status.get();
    } catch (RuntimeException e) {
      return Status.failed(String.valueOf(e.getMessage()));
    }
  }

  /** What the parts in such states say, each with its name; empty when there are none. */
  public String reasons(Set<State> states) {
    return statuses().entrySet().stream()
        .filter(part -> states.contains(part.getValue().state()))
        .map(part -> part.getKey() + ": " + said(part.getValue()))
        .collect(Collectors.joining("; "));
  }

  private static String said(Status status) {
    return status.reason().isEmpty() ? status.state().label() : status.reason();
  }

  /** Whether a restart would not help: nothing is dead. */
  public boolean live() {
    return statuses().values().stream().noneMatch(status -> status.state() == State.DEAD);
  }

  /** Whether everything is ready; with no parts yet nothing is. */
  public boolean ready() {
    Collection<Status> all = statuses().values();
    return !all.isEmpty() && all.stream().allMatch(status -> status.state() == State.READY);
  }
}
