package io.fewshot.prompt;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The one form of a label or another output, whichever way it comes in: files, corrections, the
 * page, task definitions. Two spellings that look the same would otherwise be two labels.
 */
public final class LabelText {

  /** Also the no-break space, which {@link String#strip} leaves, and what shows no width at all. */
  private static final String SPACE = "[\\s\\p{Z}\\x{FEFF}\\x{200B}]";

  private static final Pattern AROUND = Pattern.compile("\\A" + SPACE + "+|" + SPACE + "+\\z");
  private static final Pattern ANYWHERE = Pattern.compile("[\\s\\p{Z}\\p{Cf}]+");

  private LabelText() {}

  /** Without white space around it, and in Unicode's composed form (NFC); may be empty. */
  public static String of(String written) {
    return AROUND.matcher(Normalizer.normalize(written, Normalizer.Form.NFC)).replaceAll("");
  }

  /** What is equal for labels that differ by case, spaces or Unicode form only. */
  public static String folded(String label) {
    String compatible = Normalizer.normalize(label, Normalizer.Form.NFKC);
    // Upper case first: so that ß and SS, and both small sigmas, become the same.
    String lower = compatible.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    return ANYWHERE.matcher(Normalizer.normalize(lower, Normalizer.Form.NFKC)).replaceAll("");
  }

  /** The known label that another one differs from by case, spaces or Unicode form only. */
  public static Optional<String> alike(String label, Collection<String> known) {
    String folded = folded(label);
    return known.stream()
        .filter(each -> !each.equals(label))
        .filter(each -> folded(each).equals(folded))
        .findFirst();
  }

  /** Labels that differ from each other by case, spaces or Unicode form only, group by group. */
  public static List<List<String>> alike(Collection<String> labels) {
    Map<String, List<String>> groups = new LinkedHashMap<>();
    for (String label : labels) {
      groups.computeIfAbsent(folded(label), folded -> new ArrayList<>()).add(label);
    }
    return groups.values().stream().filter(group -> group.size() > 1).toList();
  }
}
