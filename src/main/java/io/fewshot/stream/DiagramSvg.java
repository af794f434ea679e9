package io.fewshot.stream;

import io.fewshot.stream.TopologyDiagram.Edge;
import io.fewshot.stream.TopologyDiagram.Node;
import io.fewshot.stream.TopologyDiagram.Shape;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Draws a topology as SVG without any tool beside: records flow from left to right, a node's column
 * is the longest way to it, and stores hang below what uses them.
 */
final class DiagramSvg {

  private static final int WIDTH = 190;
  private static final int HEIGHT = 40;
  private static final int GAP_X = 60;
  private static final int GAP_Y = 24;
  private static final int MARGIN = 20;

  private final TopologyDiagram diagram;
  private final Map<String, Integer> columns = new HashMap<>();
  private final Map<String, int[]> corners = new HashMap<>();
  private int rows;

  private DiagramSvg(TopologyDiagram diagram) {
    this.diagram = diagram;
    assignColumns();
    assignRows();
  }

  static String draw(TopologyDiagram diagram) {
    return new DiagramSvg(diagram).svg();
  }

  private void assignColumns() {
    diagram.nodes().forEach(node -> columns.put(node.id(), 0));
    // As many rounds as there are nodes settle the longest way in a graph without cycles.
    for (int round = 0; round < diagram.nodes().size(); round++) {
      for (Edge edge : diagram.edges()) {
        int least = columns.getOrDefault(edge.from(), 0) + (edge.store() ? 0 : 1);
        columns.merge(edge.to(), least, Math::max);
      }
    }
  }

  /**
   * Three bands: the flow, below it what arrows reach across columns, below that the global stores.
   */
  private void assignRows() {
    Set<String> across =
        diagram.edges().stream()
            .filter(this::spansColumns)
            .map(Edge::to)
            .collect(Collectors.toSet());
    Set<String> global =
        diagram.edges().stream()
            .filter(edge -> edge.to().startsWith("g_"))
            .flatMap(edge -> Stream.of(edge.from(), edge.to()))
            .collect(Collectors.toSet());
    place(node -> !across.contains(node.id()) && !global.contains(node.id()));
    place(node -> across.contains(node.id()) && !global.contains(node.id()));
    place(node -> global.contains(node.id()));
  }

  private void place(Predicate<Node> band) {
    Map<Integer, Integer> next = new HashMap<>();
    int first = rows;
    for (Node node : diagram.nodes()) {
      if (band.test(node)) {
        int column = columns.getOrDefault(node.id(), 0);
        int row = next.merge(column, first, (before, ignored) -> before + 1);
        corners.put(
            node.id(),
            new int[] {
              MARGIN + column * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y),
            });
        rows = Math.max(rows, row + 1);
      }
    }
  }

  private boolean spansColumns(Edge edge) {
    return columns.getOrDefault(edge.to(), 0) - columns.getOrDefault(edge.from(), 0) > 1;
  }

  private String svg() {
    int last = columns.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    int width = 2 * MARGIN + (last + 1) * WIDTH + last * GAP_X;
    int height = 2 * MARGIN + rows * HEIGHT + (rows - 1) * GAP_Y;
    StringBuilder out = new StringBuilder();
    out.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" font-family="sans-serif" font-size="13">
          <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#555"/></marker></defs>
          <rect width="100%%" height="100%%" fill="#fff"/>
        """
            .formatted(width, height));
    diagram.edges().forEach(edge -> out.append(edge(edge)));
    diagram.nodes().forEach(node -> out.append(node(node)));
    return out.append("</svg>\n").toString();
  }

  private String edge(Edge edge) {
    int[] from = corner(edge.from());
    int[] to = corner(edge.to());
    if (edge.store()) {
      return "  <path d=\"M%d,%d L%d,%d\" fill=\"none\" stroke=\"#555\" stroke-dasharray=\"4 3\"/>\n"
          .formatted(from[0] + WIDTH / 2, from[1] + HEIGHT, to[0] + WIDTH / 2, to[1]);
    }
    if (spansColumns(edge)) {
      // Down beside the middle, where a store's line may be, and along the target's row.
      return "  <path d=\"M%1$d,%2$d L%1$d,%3$d L%4$d,%3$d\" fill=\"none\" stroke=\"#555\" marker-end=\"url(#arrow)\"/>\n"
          .formatted(from[0] + WIDTH - 20, from[1] + HEIGHT, to[1] + HEIGHT / 2, to[0]);
    }
    int startX = from[0] + WIDTH;
    int startY = from[1] + HEIGHT / 2;
    int endY = to[1] + HEIGHT / 2;
    int middle = startX + GAP_X / 2;
    return "  <path d=\"M%d,%d C%d,%d %d,%d %d,%d\" fill=\"none\" stroke=\"#555\" marker-end=\"url(#arrow)\"/>\n"
        .formatted(startX, startY, middle, startY, middle, endY, to[0], endY);
  }

  private String node(Node node) {
    int[] at = corner(node.id());
    String text =
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#111\">%s</text>"
            .formatted(at[0] + WIDTH / 2, at[1] + HEIGHT / 2 + 5, escape(node.label()));
    int radius = node.shape() == Shape.TOPIC ? HEIGHT / 2 : 4;
    return "  <rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\" fill=\"%s\" stroke=\"#555\"/>%s\n"
        .formatted(at[0], at[1], WIDTH, HEIGHT, radius, fill(node.shape()), text);
  }

  private static String fill(Shape shape) {
    return switch (shape) {
      case TOPIC -> "#e3f0ff";
      case PROCESSOR -> "#f4f4f4";
      case STORE -> "#fff3d6";
      case GLOBAL_STORE -> "#e6f6e3";
    };
  }

  private int[] corner(String id) {
    return corners.getOrDefault(id, new int[] {0, 0});
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
