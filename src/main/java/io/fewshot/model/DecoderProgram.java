package io.fewshot.model;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The decoder's forward pass as a TorchScript program: text in a resource, put into the archive
 * that {@code torch::jit::load} reads. It holds no weights; they are arguments.
 *
 * <p>Format of the archive: PyTorch's torch/csrc/jit/docs/serialization.md.
 */
final class DecoderProgram implements AutoCloseable {

  /** Forward passes without gradients. */
  static final String DECODER = "decoder.torchscript";

  /** Forward passes with an adapter, and their gradients. */
  static final String LORA = "lora.torchscript";

  /** Pickle protocol 2: an object of class Decoder whose only attribute is training = False. */
  private static final byte[] OBJECT =
      "\u0080\u0002c__torch__\nDecoder\nq\u0000)\u0081}(X\b\u0000\u0000\u0000trainingq\u0001\u0089ubq\u0002."
          .getBytes(StandardCharsets.ISO_8859_1);

  /** Pickle protocol 2: an empty tuple. */
  private static final byte[] NO_CONSTANTS = "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1);

  private static final String INCLUDE = "include ";

  private final Model model;

  private DecoderProgram(Model model) {
    this.model = model;
  }

  /**
   * @param resource the program's text
   */
  static DecoderProgram load(String resource, Device device) {
    TorchEngine.get();
    Model model = Model.newInstance("decoder", device, "PyTorch");
    try {
      model.load(new ByteArrayInputStream(archive(resource)), Map.of());
      return new DecoderProgram(model);
    } catch (IOException | MalformedModelException | RuntimeException e) {
      model.close();
      throw new ModelException("The decoder program cannot be loaded: " + e.getMessage(), e);
    }
  }

  private static byte[] archive(String resource) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      put(zip, "data.pkl", OBJECT);
      put(zip, "code/__torch__.py", text(resource).getBytes(StandardCharsets.UTF_8));
      put(zip, "constants.pkl", NO_CONSTANTS);
      put(zip, "version", "10\n".getBytes(StandardCharsets.US_ASCII));
    }
    return bytes.toByteArray();
  }

  /** TorchScript has no include, so a line that begins with it is replaced by what it names. */
  private static String text(String resource) throws IOException {
    try (InputStream stream = DecoderProgram.class.getResourceAsStream(resource)) {
      if (stream == null) {
        throw new IOException("resource " + resource + " is missing");
      }
      StringBuilder text = new StringBuilder();
      String own = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : own.lines().toList()) {
        String included = line.strip();
        text.append(
                included.startsWith(INCLUDE)
                    ? text(included.substring(INCLUDE.length())).stripTrailing()
                    : line)
            .append('\n');
      }
      return text.toString();
    }
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry("decoder/" + name));
    zip.write(content);
    zip.closeEntry();
  }

  /**
   * Runs a method of the program.
   *
   * @param manager owns the results
   * @param arguments in the order of the program's text; arrays named {@code x[]} form one list
   */
  NDList run(NDManager manager, String method, NDList arguments) {
    NDList all = new NDList(arguments.size() + 1);
    // The first array's manager becomes that of the results; it also carries the method's name.
    try (NDArray call = manager.zeros(new Shape(1), DataType.FLOAT32)) {
      call.setName("module_method:" + method);
      all.add(call);
      all.addAll(arguments);
      NDList results = model.getBlock().forward(new ParameterStore(manager, false), all, false);
      results.attach(manager);
      return results;
    }
  }

  @Override
  public void close() {
    model.close();
  }
}
