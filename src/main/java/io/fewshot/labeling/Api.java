package io.fewshot.labeling;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.Query;
import io.fewshot.labeling.Labeling.Labeler;
import io.fewshot.labeling.Sessions.Session;
import io.fewshot.prompt.LabelText;
import io.javalin.Javalin;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** The page's API. What changes something is a POST with JSON in and out. */
final class Api {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._@-]{0,63}");
  private static final int LABELED = 200;
  private static final int GROUP = 100;
  private static final int TEXT_CHARS = 20_000;

  private final WebSettings settings;
  private final Sessions sessions;
  private final Guard guard;
  private final LoginLimit limit;
  private final LabelingView view;
  private final Labeling labeling;
  private final LabelRename rename;
  private final Publisher publisher;
  private final DryRuns dryRuns;
  private final Shown shown;

  Api(
      WebSettings settings,
      Sessions sessions,
      Guard guard,
      LoginLimit limit,
      LabelingView view,
      Labeling labeling,
      LabelRename rename,
      Publisher publisher,
      DryRuns dryRuns) {
    this.settings = settings;
    this.sessions = sessions;
    this.guard = guard;
    this.limit = limit;
    this.view = view;
    this.labeling = labeling;
    this.rename = rename;
    this.publisher = publisher;
    this.dryRuns = dryRuns;
    this.shown = new Shown(view);
  }

  void addTo(Javalin app) {
    app.get("/api/session", context -> answer(context, session(Guard.session(context))));
    app.post("/api/login", this::login);
    app.post("/api/logout", this::logout);
    app.post("/api/name", this::name);
    app.get("/api/tasks", context -> answer(context, Shown.object().set("tasks", shown.tasks())));
    app.get("/api/queue/next", this::next);
    app.get("/api/queue/alike", this::alike);
    app.post("/api/queue/answer", this::answerOne);
    app.post("/api/queue/answer-group", this::answerGroup);
    app.post("/api/queue/skip", this::skip);
    app.post("/api/queue/unskip", this::unskip);
    app.post("/api/undo", this::undo);
    app.post("/api/settle", this::settle);
    app.get("/api/labels", this::labels);
    app.post("/api/labels/rename", this::renameLabel);
    app.get("/api/labeled", this::labeled);
    app.get("/api/panel", context -> answer(context, shown.panel(parameter(context, "task"))));
    app.post("/api/try", this::tryOut);
  }

  // Who it is.

  private ObjectNode session(Session session) {
    return Shown.object()
        .put("name", session.name())
        .put("role", session.role().label())
        .put("csrf", session.csrf())
        .put("login", !settings.users().isEmpty());
  }

  private void login(Context context) {
    JsonNode body = body(context);
    String name = text(body, "name", 64);
    if (!limit.allows(name, context.ip())) {
      throw new WebException(429, "attempts", "too many attempts: wait a minute");
    }
    char[] password = text(body, "password", 1_000).toCharArray();
    Users.User user =
        settings
            .users()
            .login(name, password)
            .orElseThrow(() -> new WebException(401, "password", "name or password is wrong"));
    // A new session, so that nobody can have planted the one that is now worth something.
    answer(context, session(guard.open(context, user.name(), user.role())));
  }

  private void logout(Context context) {
    guard.close(context);
    answer(context, Shown.object().put("done", true));
  }

  /** On this machine people say who they are. */
  private void name(Context context) {
    if (!settings.users().isEmpty()) {
      throw new WebException(403, "name", "your name is that of your login");
    }
    String name = text(body(context), "name", 64).strip();
    if (!NAME.matcher(name).matches()) {
      throw new WebException(400, "name", "a name begins with a letter or digit");
    }
    answer(context, session(sessions.rename(Guard.session(context), name)));
  }

  private static Labeler labeler(Context context) {
    Session session = Guard.session(context);
    return new Labeler(session.id(), Guard.labeler(context), session.role());
  }

  // The queue.

  private void next(Context context) {
    String task = parameter(context, "task");
    ObjectNode next = Shown.object();
    next.set(
        "message",
        labeling
            .next(task, labeler(context))
            .map(request -> (JsonNode) shown.message(request, labeling.evidence(request)))
            .orElse(JSON.nullNode()));
    next.put("waiting", view.waiting(task));
    answer(context, next);
  }

  private void alike(Context context) {
    List<Labeling.Alike> alike =
        labeling.alike(
            parameter(context, "task"), parameter(context, "query_id"), labeler(context));
    answer(context, Shown.object().set("alike", Shown.alike(alike)));
  }

  private void answerOne(Context context) {
    JsonNode body = body(context);
    Labeling.Answered answered =
        labeling.answer(
            text(body, "task", 200),
            text(body, "query_id", 1_000),
            text(body, "output", TEXT_CHARS),
            body.path("sure").asBoolean(),
            labeler(context));
    answer(
        context,
        Shown.object()
            .put("taken", answered.contradictions().isEmpty())
            .put("decided", answered.decided())
            .set("contradictions", Shown.contradictions(answered.contradictions())));
  }

  private void answerGroup(Context context) {
    JsonNode body = body(context);
    List<String> ids = new ArrayList<>();
    body.path("query_ids").forEach(id -> ids.add(id.asText()));
    if (ids.isEmpty() || ids.size() > GROUP) {
      throw new WebException(400, "group", "answer 1 to " + GROUP + " messages at once");
    }
    Labeling.Taken taken =
        labeling.answerAll(
            text(body, "task", 200),
            ids,
            text(body, "output", TEXT_CHARS),
            body.path("sure").asBoolean(),
            labeler(context));
    ArrayNode done = JSON.createArrayNode();
    taken.answered().forEach(done::add);
    ObjectNode refused = Shown.object();
    taken.refused().forEach(refused::put);
    ObjectNode all = Shown.object().put("decided", taken.decided());
    all.set("answered", done);
    all.set("refused", refused);
    ObjectNode contradicted = Shown.object();
    taken.contradicted().forEach((id, found) -> contradicted.set(id, Shown.contradictions(found)));
    all.set("contradicted", contradicted);
    answer(context, all);
  }

  private void skip(Context context) {
    labeling.skip(text(body(context), "query_id", 1_000), labeler(context));
    answer(context, Shown.object().put("done", true));
  }

  private void unskip(Context context) {
    labeling.unskip(text(body(context), "query_id", 1_000), labeler(context));
    answer(context, Shown.object().put("done", true));
  }

  private void undo(Context context) {
    labeling.undo(text(body(context), "query_id", 1_000), labeler(context));
    answer(context, Shown.object().put("done", true));
  }

  private void settle(Context context) {
    Guard.requireOwner(context);
    JsonNode body = body(context);
    labeling.settle(
        text(body, "query_id", 1_000), text(body, "output", TEXT_CHARS), labeler(context));
    answer(context, Shown.object().put("done", true));
  }

  // Labels.

  private void labels(Context context) {
    String typed = context.queryParam("q");
    ArrayNode found = shown.labels(parameter(context, "task"), typed == null ? "" : typed);
    answer(context, Shown.object().set("labels", found));
  }

  private void renameLabel(Context context) {
    Guard.requireOwner(context);
    JsonNode body = body(context);
    String task = text(body, "task", 200);
    String to = LabelText.of(text(body, "to", TEXT_CHARS));
    boolean fixed =
        view.definition(task)
            .filter(each -> !each.labels().isEmpty() && !each.labels().containsKey(to))
            .isPresent();
    if (to.isEmpty() || fixed) {
      throw new WebException(
          400, "label", "the task's definition does not have the label " + to + ": add it there");
    }
    LabelRename.Changed changed = rename.rename(task, text(body, "from", TEXT_CHARS), to);
    answer(
        context,
        Shown.object().put("changed", changed.examples()).put("waiting", changed.waiting()));
  }

  private void labeled(Context context) {
    answer(
        context, Shown.object().set("labeled", shown.labeled(parameter(context, "task"), LABELED)));
  }

  // Trying.

  private void tryOut(Context context) {
    JsonNode body = body(context);
    Query query = dryRuns.query(text(body, "task", 200), text(body, "text", TEXT_CHARS).strip());
    context.future(
        () -> {
          CompletableFuture<DryRuns.Tried> result = dryRuns.await(query.getQueryId());
          publisher.tryOut(query);
          return result
              .thenAccept(done -> answer(context, shown.tried(done)))
              .exceptionally(failure -> late(context, failure));
        });
  }

  private static Void late(Context context, Throwable failure) {
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    if (!(cause instanceof TimeoutException)) {
      throw new IllegalStateException("a message could not be tried", cause);
    }
    refuse(
        context,
        new WebException(504, "late", "no result came within 30 seconds: is the stream running?"));
    return null;
  }

  // In and out.

  static void refuse(Context context, WebException e) {
    context.status(e.status());
    answer(context, Shown.object().put("error", e.code()).put("message", e.getMessage()));
  }

  private static void answer(Context context, JsonNode json) {
    context.contentType("application/json; charset=utf-8").result(json.toString());
  }

  private static JsonNode body(Context context) {
    try {
      JsonNode body = JSON.readTree(context.body());
      if (body != null && body.isObject()) {
        return body;
      }
    } catch (JsonProcessingException e) {
      throw new WebException(400, "json", "this is no JSON");
    }
    throw new WebException(400, "json", "send a JSON object");
  }

  private static String text(JsonNode body, String field, int most) {
    JsonNode value = body.path(field);
    if (!value.isTextual() || value.asText().isBlank() || value.asText().length() > most) {
      throw new WebException(400, field, field + " is a text of 1 to " + most + " characters");
    }
    return value.asText();
  }

  private static String parameter(Context context, String name) {
    String value = context.queryParam(name);
    if (value == null || value.isBlank()) {
      throw new WebException(400, name, "say which " + name);
    }
    return value;
  }
}
