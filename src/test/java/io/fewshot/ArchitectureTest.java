package io.fewshot;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.junit.jupiter.api.Test;

/** Holds the layers: imports point downwards only. */
class ArchitectureTest {

  /** From the top down. */
  private static final List<String> LAYERS =
      List.of(
          "cli",
          "embedded",
          "stream",
          "labeling",
          "training",
          "ladder",
          "memory",
          "prompt",
          "model",
          "event",
          "ops");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.fewshot");

  @Test
  void importsPointDownwards() {
    for (int layer = 1; layer < LAYERS.size(); layer++) {
      String[] above =
          LAYERS.subList(0, layer).stream().map(ArchitectureTest::in).toArray(String[]::new);
      noClasses()
          .that()
          .resideInAPackage(in(LAYERS.get(layer)))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(above)
          .allowEmptyShould(true)
          .check(CLASSES);
    }
  }

  @Test
  void everyClassIsInALayer() {
    classes()
        .should()
        .resideInAnyPackage(LAYERS.stream().map(ArchitectureTest::in).toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void everyPackageSaysWhatItIsFor() {
    for (String layer : LAYERS) {
      assertThat(CLASSES.contain("io.fewshot." + layer + ".package-info"))
          .as("package-info of %s", layer)
          .isTrue();
    }
  }

  @Test
  void onlyTheCommandLineSpeaksToTheConsole() {
    noClasses()
        .that()
        .resideOutsideOfPackage(in("cli"))
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(CLASSES);
  }

  @Test
  void nothingStaticCanChange() {
    noFields().that(areOurs()).and().areStatic().should(beChangeable()).check(CLASSES);
  }

  private static DescribedPredicate<JavaField> areOurs() {
    return DescribedPredicate.describe(
        "are written by hand", field -> !isGenerated(field.getOwner()));
  }

  private static boolean isGenerated(JavaClass type) {
    return type.getSource().flatMap(source -> source.getFileName()).isEmpty()
        || type.isAnnotatedWith("org.apache.avro.specific.AvroGenerated")
        || type.getEnclosingClass().map(ArchitectureTest::isGenerated).orElse(false)
        || type.isEnum();
  }

  private static ArchCondition<JavaField> beChangeable() {
    return new ArchCondition<>("be changeable") {
      @Override
      public void check(JavaField field, ConditionEvents events) {
        boolean synthetic = field.getModifiers().contains(JavaModifier.SYNTHETIC);
        boolean changeable =
            !field.getModifiers().contains(JavaModifier.FINAL)
                || field.getRawType().isAssignableTo(ConcurrentMap.class)
                || field.getRawType().isAssignableTo(ConcurrentHashMap.class)
                || field.getRawType().isAssignableTo("java.util.concurrent.atomic.AtomicInteger")
                || field.getRawType().isAssignableTo("java.util.concurrent.atomic.AtomicReference");
        events.add(
            new SimpleConditionEvent(
                field, changeable && !synthetic, field.getFullName() + " can change"));
      }
    };
  }

  private static String in(String layer) {
    return "io.fewshot." + layer + "..";
  }
}
