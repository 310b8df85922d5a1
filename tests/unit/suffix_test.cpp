#include "strategies/drafters/suffix.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "strategies/topologies/chain.h"
#include "strategies/topologies/layered.h"
#include "tests/support/scripted.h"

namespace speclab {
namespace {

using Text = std::vector<Token>;

Text random_text(CounterRng& chance, int length, int vocab) {
  const std::vector<double> even(static_cast<std::size_t>(vocab), 1.0);
  Text text;
  for (int i = 0; i < length; ++i) text.push_back(chance.categorical(even));
  return text;
}

TEST(SuffixAutomaton, CountsEverySubstring) {
  CounterRng chance(1, 0, 0);
  for (int vocab = 1; vocab <= 4; ++vocab) {
    SuffixAutomaton automaton;
    const Text text = random_text(chance, 40, vocab);
    for (std::size_t size = 1; size <= text.size(); ++size) {
      automaton.append(text[size - 1]);
      std::map<Text, std::pair<int, int>> seen;  // how often, and where the last token was last
      for (std::size_t from = 0; from < size; ++from) {
        for (std::size_t to = from + 1; to <= size; ++to) {
          auto& [count, last] = seen[Text(text.begin() + static_cast<std::ptrdiff_t>(from),
                                          text.begin() + static_cast<std::ptrdiff_t>(to))];
          ++count;
          last = static_cast<int>(to) - 1;
        }
      }
      for (const auto& [substring, expected] : seen) {
        int state = SuffixAutomaton::kEmpty;
        for (const Token token : substring) {
          state = automaton.follow(state, token);
          ASSERT_NE(state, SuffixAutomaton::kNone);
        }
        ASSERT_EQ(automaton.count(state), expected.first);
        ASSERT_EQ(automaton.last(state), expected.second);
        ASSERT_LE(static_cast<int>(substring.size()), automaton.length(state));
        ASSERT_GT(static_cast<int>(substring.size()), automaton.length(automaton.shorter(state)));
      }
      std::size_t followers = 0;  // none is there that never followed
      for (int state = SuffixAutomaton::kEmpty; state != SuffixAutomaton::kNone;) {
        followers += automaton.followers(state).size();
        state = state == SuffixAutomaton::kEmpty ? automaton.whole() : SuffixAutomaton::kNone;
      }
      EXPECT_EQ(followers, seen.empty() ? 0 : std::set<Token>(text.begin(), text.begin() + size).size());
    }
  }
}

// What follows `context` according to all texts, found by looking at every place of them.
struct Guess {
  Token token;
  double probability;
};
std::vector<Guess> brute_force(const Text& context, const Text& text, const std::vector<Text>& corpus,
                               const SuffixDrafter::Settings& settings) {
  std::vector<Guess> guesses;
  const int longest = std::min(settings.max_match, static_cast<int>(context.size()));
  for (int length = longest; length >= settings.min_match; --length) {
    struct Seen {
      int count = 0, last = 0;
    };
    std::map<Token, Seen> followers;
    int place = 0, all = 0;
    const auto look = [&](const Text& where) {
      for (std::size_t at = 0; at < where.size(); ++at, ++place) {
        if (static_cast<int>(at) < length) continue;
        if (!std::equal(context.end() - length, context.end(), where.begin() + static_cast<int>(at) - length))
          continue;
        followers[where[at]] = {followers[where[at]].count + 1, place};
        ++all;
      }
    };
    for (const Text& other : corpus) look(other);
    look(text);
    std::vector<std::pair<Token, Seen>> ranked(followers.begin(), followers.end());
    std::ranges::sort(ranked, [](const auto& a, const auto& b) {
      return a.second.count != b.second.count ? a.second.count > b.second.count
                                              : a.second.last > b.second.last;
    });
    for (const auto& [token, seen] : ranked) {
      if (std::ranges::find(guesses, token, &Guess::token) != guesses.end()) continue;
      guesses.push_back({token, 1.0 * seen.count / all});
    }
  }
  return guesses;
}

int longest_match(const Text& text, const std::vector<Text>& corpus, int max) {
  Text earlier(text.begin(), text.end() - 1);
  for (int length = std::min(max, static_cast<int>(text.size())); length > 0; --length) {
    const auto in = [&](const Text& where) {
      return std::search(where.begin(), where.end(), text.end() - length, text.end()) != where.end();
    };
    if (in(earlier) || std::ranges::any_of(corpus, in)) return length;
  }
  return 0;
}

TEST(Suffix, RanksChildrenAsBruteForceDoes) {
  CounterRng chance(2, 0, 0);
  Layered tree({3, 2, 2, 1});
  int compared = 0, refused = 0, cut = 0;
  for (int round = 0; round < 400; ++round) {
    const int vocab = 2 + round % 4;
    std::vector<Text> corpus;
    for (int i = 0; i < round % 3; ++i) corpus.push_back(random_text(chance, 5 + round % 30, vocab));
    const SuffixDrafter::Settings settings{1 + round % 7, 1 + (round % 7) / 3, 0.5 * (round % 4),
                                           round % 5 == 0 ? 0.3 : 0};
    SuffixDrafter drafter(tree, settings, corpus);
    Sequence sequence = request(0, random_text(chance, 1 + round % 11, vocab), 1000);
    drafter.open(sequence, {});
    for (int step = 0; step < 8; ++step) {  // the text grows under the drafter's eyes
      Draft draft;
      draft.reset(sequence.text.back());
      Sequence* batch[] = {&sequence};
      drafter.draft(batch, {&draft, 1});
      const int match = longest_match(sequence.text, corpus, settings.max_match);
      std::vector<double> probability{1};
      int expected_size = 1;
      for (int node = 0; node < draft.size(); ++node) {
        const int depth = draft.tree().depth(node);
        std::vector<Guess> wanted;
        const int max = depth == 0 ? 3 : depth < 3 ? 2 : depth < 4 ? 1 : 0;
        if (settings.factor == 0 || depth < static_cast<int>(settings.factor * match)) {
          Text context = sequence.text;
          for (const Token token : tokens_on(draft.tree(), node)) context.push_back(token);
          for (const Guess& guess : brute_force(context, sequence.text, corpus, settings)) {
            const double p = probability[node] * guess.probability;
            if (p < settings.min_probability) {
              ++refused;
              continue;
            }
            if (static_cast<int>(wanted.size()) < max) wanted.push_back({guess.token, p});
          }
        } else {
          ++cut;
        }
        int child = draft.tree().first_child(node);
        for (const Guess& guess : wanted) {
          ASSERT_NE(child, TokenTree::kNone) << "round " << round;
          ASSERT_EQ(draft.tree().token(child), guess.token) << "round " << round << ", node " << node;
          probability.resize(static_cast<std::size_t>(draft.size()));
          probability[child] = guess.probability;
          child = draft.tree().next_sibling(child);
          ++expected_size;
        }
        ASSERT_EQ(child, TokenTree::kNone)
            << "round " << round << ", node " << node << ", token " << draft.tree().token(child) << ", text "
            << testing::PrintToString(sequence.text) << ", corpus " << testing::PrintToString(corpus);
      }
      EXPECT_EQ(draft.size(), expected_size);
      compared += draft.size() - 1;
      for (const Token token : random_text(chance, 1 + step % 4, vocab)) sequence.text.push_back(token);
    }
    drafter.close(sequence);
  }
  EXPECT_GT(compared, 10'000);
  EXPECT_GT(refused, 100);
  EXPECT_GT(cut, 1000);
}

Draft drafted(SuffixDrafter& drafter, Sequence& sequence) {
  Draft draft;
  draft.reset(sequence.text.back());
  Sequence* batch[] = {&sequence};
  drafter.draft(batch, {&draft, 1});
  return draft;
}

TEST(Suffix, TakesTheMostFrequentNotTheLatest) {
  Chain chain(1);
  SuffixDrafter drafter(chain, {.max_match = 8});
  Sequence sequence = request(0, {7, 1, 7, 1, 7, 2, 7}, 100);
  EXPECT_EQ(drafted(drafter, sequence).tree().token(1), 1);
  Sequence tied = request(1, {7, 1, 7, 2, 7}, 100);
  EXPECT_EQ(drafted(drafter, tied).tree().token(1), 2) << "of equals the latest";
}

TEST(Suffix, LeavesABareRootWhereNothingIsKnown) {
  Chain chain(4);
  SuffixDrafter drafter(chain, {});
  Sequence sequence = request(0, {1, 2, 3, 4}, 100);
  EXPECT_EQ(drafted(drafter, sequence).size(), 1);
  Sequence single = request(1, {1}, 100);
  EXPECT_EQ(drafted(drafter, single).size(), 1);
}

TEST(Suffix, ForgetsASequenceWhoseIdIsUsedAgain) {
  Chain chain(4);
  SuffixDrafter drafter(chain, {});
  Sequence first = request(0, {1, 2, 3, 1, 2}, 100);
  drafter.open(first, {});
  EXPECT_GT(drafted(drafter, first).size(), 1);
  Sequence second = request(0, {4, 5, 6, 1, 2, 3, 7}, 100);
  drafter.open(second, {});
  EXPECT_EQ(drafted(drafter, second).size(), 1);
}

TEST(Suffix, CopiesFromACorpus) {
  Chain chain(3);
  const std::vector<Text> corpus{{9, 1, 2, 3, 4, 5}, {6, 1, 2}};
  SuffixDrafter drafter(chain, {}, corpus);
  Sequence sequence = request(0, {0, 1, 2}, 100);
  const Draft draft = drafted(drafter, sequence);
  EXPECT_EQ(tokens_on(draft.tree(), draft.size() - 1), (Text{3, 4})) << "two tokens match, two are guessed";
  Sequence end = request(1, {6, 1, 2, 3, 4, 5}, 100);
  EXPECT_EQ(drafted(drafter, end).size(), 1) << "nothing follows the end of a text";
}

}  // namespace
}  // namespace speclab
