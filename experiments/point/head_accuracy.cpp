#include "experiments/point/head_accuracy.h"

#include <fmt/format.h>

#include <algorithm>

namespace speclab {

std::vector<HeadRecord> head_accuracy(LanguageModel& target, DraftHeads& heads, Distributions& distributions,
                                      std::span<const Sequence> written, int ranks) {
  ranks = std::min(ranks, heads.vocab());
  std::vector<HeadRecord> rows;
  for (int head = 0; head < heads.count(); ++head) {
    for (int rank = 1; rank <= ranks; ++rank) rows.push_back({.head = head + 1, .rank = rank});
  }
  std::vector<DraftHeads::Question> questions;
  std::vector<Distributions::Pick> picks;
  std::vector<Token> likeliest;
  for (const Sequence& sequence : written) {
    target.open(sequence.id);
    heads.open(sequence.id);
    const std::span<const Token> text = sequence.text;
    const SequenceInput slice{.sequence = sequence.id, .text = text, .give = PassOutput::features};
    const Rows hidden = target.forward({&slice, 1}).hidden;
    // The token after place t is the target's own for t from the prompt's last on.
    for (std::size_t t = static_cast<std::size_t>(std::max(sequence.prompt_length - 1, 0));
         t + 2 < text.size(); ++t) {
      heads.set_hidden(sequence.id, hidden[static_cast<int>(t)]);
      questions.clear();
      picks.clear();
      likeliest.clear();
      for (std::size_t head = 0; head < static_cast<std::size_t>(heads.count()) && t + 2 + head < text.size();
           ++head)
        questions.push_back({sequence.id, static_cast<int>(head), text.subspan(t + 1, head + 1)});
      const Rows answers = heads.forward(questions).logits;
      for (int i = 0; i < answers.count; ++i) picks.push_back({answers[i], ranks});
      distributions.likeliest(picks, likeliest);
      for (std::size_t i = 0; i < likeliest.size(); ++i) {
        const std::size_t head = i / static_cast<std::size_t>(ranks);
        rows[i].places += 1;
        rows[i].right += likeliest[i] == text[t + 2 + head] ? 1 : 0;
      }
    }
    target.close(sequence.id);
    heads.close(sequence.id);
  }
  return rows;
}

std::string to_text(std::span<const HeadRecord> accuracy) {
  std::string lines;
  for (const HeadRecord& row : accuracy) {
    if (row.rank == 1)
      lines += fmt::format("{} head {} of {} places:", lines.empty() ? "" : "\n", row.head, row.places);
    lines +=
        fmt::format("  rank {} {:.3f}", row.rank,
                    row.places > 0 ? static_cast<double>(row.right) / static_cast<double>(row.places) : 0);
  }
  return lines.empty() ? lines : lines + "\n";
}

}  // namespace speclab
