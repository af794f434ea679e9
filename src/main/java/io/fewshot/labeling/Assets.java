package io.fewshot.labeling;

import io.javalin.Javalin;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/** The page's own files: a fixed list, read once, so that no path can lead elsewhere. */
final class Assets {

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private static final String[] NAMES = {
    "index.html",
    "app.css",
    "icon.svg",
    "app.js",
    "alike.js",
    "answers.js",
    "api.js",
    "charts.js",
    "dom.js",
    "panel.js",
    "queue.js",
    "review.js",
    "tryout.js",
    "words.js"
  };

  private final Map<String, byte[]> files = new TreeMap<>();

  Assets() {
    for (String name : NAMES) {
      files.put("/" + name, read(name));
    }
  }

  private static byte[] read(String name) {
    try (InputStream in = Assets.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the page's file " + name + " is not in the jar");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the page's file " + name, e);
    }
  }

  void addTo(Javalin app) {
    files.keySet().forEach(path -> app.get(path, context -> send(context, path)));
    app.get("/", context -> send(context, "/index.html"));
  }

  private void send(Context context, String path) {
    byte[] file = files.get(path);
    if (file == null) {
      throw new IllegalStateException("no file " + path);
    }
    context.header("Cache-Control", "no-cache");
    context.contentType(
        TYPES.getOrDefault(path.substring(path.lastIndexOf('.') + 1), "text/plain"));
    context.result(file);
  }
}
