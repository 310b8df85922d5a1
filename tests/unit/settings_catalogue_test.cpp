#include "experiments/sweep/settings_catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "experiments/config/config_file.h"

namespace speclab {
namespace {

const SettingNote* find(const std::vector<SettingNote>& notes, const std::string& name) {
  const auto found = std::ranges::find(notes, name, &SettingNote::name);
  return found == notes.end() ? nullptr : &*found;
}

const SectionSettings& kind_of(const SectionPage& page, const std::string& kind) {
  return *std::ranges::find(page.kinds, kind, &SectionSettings::kind);
}

TEST(SettingsCatalogue, HasEverySection) {
  std::vector<std::string> pages = settings_pages(), sections = section_names();
  std::ranges::sort(pages);
  std::ranges::sort(sections);
  EXPECT_EQ(pages, sections);
}

TEST(SettingsCatalogue, SaysWhatEachSettingIs) {
  for (const std::string& section : settings_pages()) {
    const SectionPage page = settings_page(section);
    EXPECT_EQ(page.name, section);
    EXPECT_FALSE(page.meaning.empty());
    ASSERT_FALSE(page.kinds.empty());
    std::vector<SettingNote> all = page.every_kind;
    for (const SectionSettings& kind : page.kinds) {
      EXPECT_EQ(kind.kind.empty(), page.kinds.size() == 1) << section;
      all.insert(all.end(), kind.notes.begin(), kind.notes.end());
    }
    EXPECT_FALSE(all.empty());
    for (const SettingNote& note : all) {
      EXPECT_FALSE(note.help.empty()) << section << "." << note.name;
      EXPECT_FALSE(note.values.empty()) << section << "." << note.name;
    }
  }
}

TEST(SettingsCatalogue, KnowsTheSettingsOfEveryKind) {
  const SectionPage topology = settings_page("topology");
  ASSERT_NE(find(topology.every_kind, "kind"), nullptr);
  EXPECT_EQ(find(topology.every_kind, "kind")->fallback, "\"chain\"");
  EXPECT_EQ(find(topology.every_kind, "kind")->aliases, std::vector<std::string>{"method"});
  const SettingNote* length = find(kind_of(topology, "chain").notes, "length");
  ASSERT_NE(length, nullptr);
  EXPECT_EQ(length->values, "whole number, at least 1 and at most 1024");
  EXPECT_NE(std::ranges::find(length->aliases, "num_speculative_tokens"), length->aliases.end());
  EXPECT_NE(find(kind_of(topology, "best_first").notes, "nodes"), nullptr);
  EXPECT_NE(find(kind_of(settings_page("price"), "constant").notes, "target_pass"), nullptr);
  EXPECT_NE(find(kind_of(settings_page("workload"), kOfText).notes, "prompts"), nullptr);
  EXPECT_EQ(find(kind_of(settings_page("workload"), kSynthetic).notes, "prompts"), nullptr);
  const SectionPage drafter = settings_page("drafter");
  EXPECT_NE(find(drafter.every_kind, "priced_as"), nullptr);
  EXPECT_NE(find(kind_of(drafter, "ngram").notes, "max_ngram"), nullptr);
  EXPECT_THROW(settings_page("topologie"), ConfigError);
}

TEST(SettingsCatalogue, SaysWhatHappensWhereASettingIsLeftOut) {
  const SectionPage topology = settings_page("topology");
  EXPECT_EQ(find(kind_of(topology, "sequoia").notes, "sequences")->fallback, "workload.batch");
  EXPECT_EQ(find(kind_of(topology, "adaptive").notes, "sequences")->fallback, "0");
}

TEST(SettingsCatalogue, HasWhatIsTakenAtFewValuesAlone) {
  const SectionPage topology = settings_page("topology");
  for (const char* kind : {"chain", "confident"}) {
    const SettingNote* min = find(kind_of(topology, kind).notes, "draft_min");
    ASSERT_NE(min, nullptr) << kind;
    EXPECT_TRUE(min->elsewhere);
    EXPECT_EQ(min->values, "0 or 1");
    EXPECT_EQ(min->aliases, (std::vector<std::string>{"n_min", "spec_draft_n_min"}));
  }
  EXPECT_FALSE(find(kind_of(topology, "chain").notes, "length")->elsewhere);
}

}  // namespace
}  // namespace speclab
