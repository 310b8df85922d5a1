#include "experiments/commands/settings_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/wrapped_text.h"

namespace speclab {
namespace {

struct Part {
  const char* title;
  const char* meaning;
};

// What a config has beside sections of settings.
constexpr Part kParts[] = {
    {"experiment = \"NAME\"",
     "what the results are called: FOLDER/NAME.h5; left out: the config file's name. `--set experiment=NAME` "
     "gives a "
     "variant a name of its own"},
    {"[sweep]",
     "axes, whose product is the points: section.setting = [values], or section = [{ tables }] for whole "
     "sections. A "
     "list that is one value stands in a list: topology.widths = [[3, 2, 1], [4, 4]]"},
    {"[[skip_if]]",
     "points that are not run: when = { \"section.setting\" = value, ... } has to hold as a whole, and "
     "reason = "
     "\"...\" is stored in their place. Values are compared with what the config, its axes and --set say "
     "under that "
     "very name, not with defaults"},
};

constexpr const char* kSetting =
    "--set section.setting=value goes before what the file says, under every name of the setting; several "
    "values "
    "(1,2,4 or 1..8) make an axis. Where a kind is changed by --set or an axis, the file's settings of other "
    "kinds "
    "are left out, and a note says so. A setting under another name that is given twice in one place, and "
    "one that "
    "nobody reads, is refused.";

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string default_of(const SettingNote& note) {
  return note.fallback == "required" ? ", required" : " = " + note.fallback;
}

std::string setting_text(const std::string& section, const SettingNote& note, std::size_t indent) {
  const std::string margin(indent, ' '), inner(indent + 4, ' ');
  const std::string value = note.elsewhere ? ", of other tools" : default_of(note);
  std::string out = margin + wrapped(fmt::format("{}.{}{}", section, note.name, value), indent + 4) + "\n";
  if (!note.help.empty()) out += inner + wrapped(note.help, indent + 4) + "\n";
  std::string facts = note.elsewhere ? "at " + note.values + " alone" : note.values;
  if (!note.aliases.empty())
    facts += fmt::format("{}also: {}", facts.empty() ? "" : "; ", joined(note.aliases));
  if (!note.with_root.empty())
    facts += fmt::format("{}one more, for the root: {}", facts.empty() ? "" : "; ", joined(note.with_root));
  return facts.empty() ? out : out + inner + wrapped(facts, indent + 4) + "\n";
}

// "|" would end a cell.
std::string cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, "\\");
  return text;
}

std::string code(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += fmt::format("{}`{}`", out.empty() ? "" : ", ", word);
  return out;
}

std::string settings_table(const std::vector<SettingNote>& notes) {
  if (notes.empty()) return "";
  std::string out = "\n| setting | default | values | meaning | also |\n|---|---|---|---|---|\n";
  for (const SettingNote& note : notes) {
    std::string also = code(note.aliases);
    if (!note.with_root.empty())
      also += fmt::format("{}one more, for the root: {}", also.empty() ? "" : "; ", code(note.with_root));
    const std::string fallback = note.elsewhere                ? "of other tools"
                                 : note.fallback == "required" ? "required"
                                                               : "`" + note.fallback + "`";
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", note.name, cell(fallback), cell(note.values),
                       cell(note.help), also);
  }
  return out;
}

}  // namespace

std::string to_text(const SectionPage& page) {
  std::string out = fmt::format("[{}]  {}\n", page.name, wrapped(page.meaning, page.name.size() + 4));
  for (const SettingNote& note : page.every_kind) out += setting_text(page.name, note, 2);
  for (const SectionSettings& kind : page.kinds) {
    if (!kind.kind.empty()) {
      out += fmt::format("\n  {:<21} {}\n", kind.kind, wrapped(kind.summary, 24));
      if (!kind.citation.empty()) out += std::string(24, ' ') + wrapped(kind.citation, 24) + "\n";
    }
    for (const SettingNote& note : kind.notes) out += setting_text(page.name, note, 4);
  }
  // A kind without a summary leaves blanks.
  for (std::size_t at = out.find(" \n"); at != std::string::npos; at = out.find(" \n")) out.erase(at, 1);
  return out + "\n";
}

std::string config_text() {
  std::string out = "a config is one TOML file of sections\n";
  for (const Part& part : kParts)
    out += fmt::format("  {}\n      {}\n", part.title, wrapped(part.meaning, 6));
  return out + "\n" + wrapped(kSetting, 0) + "\n\n";
}

std::string settings_markdown() {
  std::string out =
      "# Settings\n\nEvery section and setting of a config, as the program reads them; made by `speclab list "
      "settings "
      "--markdown`.\n\n";
  for (const Part& part : kParts) out += fmt::format("- `{}`: {}\n", part.title, part.meaning);
  out += fmt::format("\n{}\n", kSetting);
  for (const std::string& name : settings_pages()) {
    const SectionPage page = settings_page(name);
    out += fmt::format("\n## [{}]\n\n{}\n{}", name, page.meaning, settings_table(page.every_kind));
    for (const SectionSettings& kind : page.kinds) {
      if (kind.kind.empty()) continue;
      out += fmt::format("\n**{}**{}{}{}{}\n{}", kind.kind, kind.summary.empty() ? "" : ": ", kind.summary,
                         kind.citation.empty() ? "" : ". ", kind.citation, settings_table(kind.notes));
    }
  }
  return out;
}

}  // namespace speclab
