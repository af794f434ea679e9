package io.fewshot.training;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.*;
import io.fewshot.memory.*;
import io.fewshot.prompt.Language;
import java.io.*;
import java.nio.file.*;
import java.util.*;

final class Scratch {
  static List<Map<String, String>> read(String f) throws Exception {
    try (MappingIterator<Map<String, String>> rows =
        new CsvMapper()
            .readerForMapOf(String.class)
            .with(CsvSchema.emptySchema().withHeader())
            .readValues(Path.of(f).toFile())) {
      return rows.readAll();
    }
  }

  static List<float[]> vecs(String name, List<String> texts) throws Exception {
    Path p = Path.of("/tmp/vec-" + name);
    List<float[]> out = new ArrayList<>();
    if (!Files.exists(p)) {
      try (Encoders e = new Encoders();
          DataOutputStream o =
              new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(p)))) {
        for (int i = 0; i < texts.size(); i += 256)
          for (Embedding v :
              e.encode(Language.EN, texts.subList(i, Math.min(texts.size(), i + 256))))
            for (float x : v.vector()) o.writeFloat(x);
      }
    }
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(p)))) {
      for (int i = 0; i < texts.size(); i++) {
        float[] v = new float[384];
        for (int j = 0; j < 384; j++) v[j] = in.readFloat();
        out.add(v);
      }
    }
    return out;
  }

  public static void main(String[] a) throws Exception {
    var train = read("../shared/data/banking77/train.csv");
    var test = read("../shared/data/banking77/test.csv");
    var xt = vecs("train", train.stream().map(r -> r.get("text")).toList());
    var xe = vecs("test", test.stream().map(r -> r.get("text")).toList());
    List<String> labels =
        new ArrayList<>(new TreeSet<>(train.stream().map(r -> r.get("category")).toList()));
    int n = xt.size();
    List<float[]> all = new ArrayList<>(xt);
    all.addAll(xe);
    int[] y = new int[all.size()];
    boolean[] tr = new boolean[all.size()];
    boolean[] te = new boolean[all.size()];
    for (int i = 0; i < all.size(); i++) {
      y[i] = labels.indexOf((i < n ? train.get(i) : test.get(i - n)).get("category"));
      tr[i] = i < n;
      te[i] = i >= n;
    }
    long t = System.nanoTime();
    SoftmaxRegression r = new SoftmaxRegression(new DesignMatrix(all), y, labels.size());
    System.out.printf("setup %.2f%n", (System.nanoTime() - t) / 1e9);
    double[] w = null;
    for (double c : new double[] {3, 10, 30, 100, 300, 1000})
      for (double tol : new double[] {1e-3, 1e-4}) {
        t = System.nanoTime();
        var fit = r.fit(tr, 1 / (c * n), w, tol, 200);
        w = fit.weights();
        System.out.printf(
            "C %.0f tol %.0e: %.2f s, %d evals, loss %.5f train %s test %s%n",
            c,
            tol,
            (System.nanoTime() - t) / 1e9,
            fit.evaluations(),
            fit.loss(),
            r.quality(tr, w),
            r.quality(te, w));
      }
  }
}
