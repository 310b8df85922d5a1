// Jacobi and lookahead decoding against the same written with plain texts, without trees.
#include "strategies/drafters/jacobi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "core/decoder.h"
#include "core/models/sources/hashed.h"
#include "core/numerics/host_distributions.h"
#include "strategies/drafters/filler.h"
#include "strategies/drafters/lookahead.h"
#include "strategies/rules/greedy.h"
#include "tests/support/scripted.h"

namespace speclab {
namespace {

using Text = std::vector<Token>;
using Source = std::shared_ptr<const TokenSource>;

// What follows is a hash of everything before: a wrong context gives a wrong token. With so few tokens many
// guesses are right by luck.
Source hashed(int vocab, std::uint64_t seed) { return std::make_shared<const Hashed>(vocab, seed); }

Text plus(Text text, std::span<const Token> more) {
  text.insert(text.end(), more.begin(), more.end());
  return text;
}

// One request on its way through a decoder, and what each of its steps drafted.
struct Decoding {
  Decoding(const Source& source, Drafter& drafter, AcceptanceRule& rule, Sequence request)
      : sequence(std::move(request)), target(source), shown(drafter), decoder(target, shown, rule) {
    decoder.admit(sequence);
  }
  void step() {
    Sequence* batch[] = {&sequence};
    decoder.step(batch);
  }
  const Draft& drafted() const { return shown.drafted[0]; }
  int accepted() const { return static_cast<int>(shown.judged[0].path.size()); }

  Sequence sequence;
  SourceModel target;
  Shown shown;
  Decoder decoder;
};

TEST(Jacobi, IteratesAsThePaperDoes) {
  for (const int window : {1, 2, 5}) {
    const Source source = hashed(3, static_cast<std::uint64_t>(window));
    HostDistributions distributions;
    JacobiDrafter jacobi(distributions, window);
    Greedy rule;
    Decoding decoding(source, jacobi, rule, request(0, {0, 2, 1, 1, 0}, 120));
    const Sequence& sequence = decoding.sequence;
    Text guesses;
    int accepted = 0;
    while (!sequence.finished()) {
      const Text text = sequence.text;
      const int room = sequence.max_new_tokens - sequence.new_tokens() - 1;
      while (static_cast<int>(guesses.size()) < std::min(window, room)) {
        guesses.push_back(filler(text, static_cast<int>(guesses.size())));
      }
      guesses.resize(static_cast<std::size_t>(std::min(window, room)));
      decoding.step();
      const Draft& draft = decoding.drafted();
      ASSERT_EQ(tokens_on(draft.tree(), draft.size() - 1), guesses);
      EXPECT_EQ(draft.probes(), 0);

      Text iterate;  // y_i = argmax p(. | text, y_1 .. y_{i-1})
      for (std::size_t i = 0; i <= guesses.size(); ++i) {
        iterate.push_back(likeliest_after(source, plus(text, std::span(guesses).first(i))));
      }
      const auto right = std::ranges::mismatch(guesses, iterate).in2;
      ASSERT_EQ(decoding.accepted(), right - iterate.begin());
      accepted += decoding.accepted();
      guesses.assign(right + 1, iterate.end());
    }
    decoding.decoder.retire(sequence);
    EXPECT_GT(accepted, 10);
  }
}

// Lookahead decoding as its paper tells it, on plain texts.
struct Reference {
  Source source;
  LookaheadDrafter::Settings settings;
  std::vector<Text> levels = {};
  std::map<Token, std::deque<Text>> pool = {};  // the latest first
  std::size_t pooled = 0;

  void set_hidden(Token first, const Text& rest) {
    std::deque<Text>& known = pool[first];
    std::erase(known, rest);
    known.push_front(rest);
    if (static_cast<int>(known.size()) > settings.guesses) known.pop_back();
  }
  void read(const Text& text) {
    if (!settings.pool_from_prompt) return;
    const auto n = static_cast<std::size_t>(settings.ngram);
    for (; pooled < text.size(); ++pooled) {
      if (pooled + 1 < n) continue;
      const auto from = text.begin() + static_cast<std::ptrdiff_t>(pooled + 1 - n);
      set_hidden(*from, Text(from + 1, from + settings.ngram));
    }
  }
  // The tokens on the way to the probe of a level and column.
  Text way(std::size_t level, std::size_t column) const {
    Text tokens(levels[0].begin(), levels[0].begin() + static_cast<std::ptrdiff_t>(column) + 1);
    for (std::size_t l = 1; l <= level; ++l) tokens.push_back(levels[l][column]);
    return tokens;
  }
  void narrow(int deepest) {  // no probe is deeper than that
    while (!levels[0].empty() && static_cast<int>(levels[0].size() + levels.size()) - 1 > deepest) {
      for (Text& level : levels) level.pop_back();
    }
  }
  void step(const Text& text, int accepted) {
    Text results;
    for (std::size_t i = 0; i < levels[0].size(); ++i) {
      results.push_back(likeliest_after(source, plus(text, way(levels.size() - 1, i))));
    }
    const bool full = static_cast<int>(levels.size()) == settings.ngram - 1;
    for (std::size_t i = 0; full && i < results.size(); ++i) {
      Text ngram;
      for (const Text& level : levels) ngram.push_back(level[i]);
      ngram.push_back(results[i]);
      set_hidden(ngram[0], Text(ngram.begin() + 1, ngram.end()));
    }
    // Each token now stands one place nearer. Column i of the new level l is what stood at i + 1 + l + 1.
    std::vector<Text> moved;
    if (full) {
      moved.assign(levels.begin() + 1, levels.end());
      moved.push_back(results);
    } else {
      for (const Text& level : levels)
        moved.emplace_back(level.begin() + (level.empty() ? 0 : 1), level.end());
      moved.emplace_back(results.begin() + (results.empty() ? 0 : 1), results.end());
    }
    levels = moved;
    if (settings.always_forward_one) return;
    int fillers = 0;
    for (Text& level : levels) {
      for (int i = 0; i < std::min(accepted, static_cast<int>(moved[0].size())); ++i) {
        level.erase(level.begin());
        level.push_back(filler(text, fillers++));
      }
    }
  }
};

TEST(Lookahead, DoesWhatThePaperSays) {
  int accepted_in_all = 0;
  for (const LookaheadDrafter::Settings settings : {LookaheadDrafter::Settings{3, 2, 2},
                                                    {4, 3, 2},
                                                    {3, 4, 3},
                                                    {1, 3, 2, true},
                                                    {5, 3, 4, true, false},
                                                    {3, 4, 2, false, false},
                                                    {2, 5, 1}}) {
    const Source source = hashed(3, static_cast<std::uint64_t>(10 * settings.window + settings.ngram));
    HostDistributions distributions;
    LookaheadDrafter lookahead(distributions, settings);
    Greedy rule;
    Decoding decoding(source, lookahead, rule, request(0, {0, 2, 1, 1, 0, 2, 2}, 150));
    const Sequence& sequence = decoding.sequence;
    Reference reference{source, settings};
    while (!sequence.finished()) {
      const Text text = sequence.text;
      const int deepest = sequence.max_new_tokens - sequence.new_tokens() - 1;
      decoding.step();
      const Draft& draft = decoding.drafted();
      if (reference.levels.empty()) {
        Text& first = reference.levels.emplace_back();
        for (int node = 1; node < draft.size(); ++node) {
          if (!draft.probe(node)) continue;
          first.push_back(draft.tree().token(node));
          EXPECT_TRUE(std::ranges::count(text, first.back()) > 0);
        }
        EXPECT_EQ(first.size(), static_cast<std::size_t>(settings.window + settings.ngram - 2));
      }
      reference.read(text);
      reference.narrow(deepest);
      std::multiset<Text> probes;
      for (std::size_t l = 0; l < reference.levels.size(); ++l) {
        for (std::size_t i = 0; i < reference.levels[l].size(); ++i) probes.insert(reference.way(l, i));
      }
      std::set<Text> guesses;
      for (Text guess : reference.pool[text.back()]) {
        guess.resize(static_cast<std::size_t>(std::min(settings.ngram - 1, deepest)));
        for (; !guess.empty(); guess.pop_back()) guesses.insert(guess);
      }
      std::multiset<Text> drawn_probes, drawn_guesses;
      for (int node = 1; node < draft.size(); ++node) {
        (draft.probe(node) ? drawn_probes : drawn_guesses).insert(tokens_on(draft.tree(), node));
        if (!draft.probe(node)) {
          EXPECT_FALSE(draft.probe(draft.tree().parent(node)));
        }
      }
      ASSERT_EQ(drawn_probes, probes);
      ASSERT_EQ(drawn_guesses, (std::multiset<Text>(guesses.begin(), guesses.end())));
      const int accepted = decoding.accepted();
      accepted_in_all += accepted;
      reference.step(text, accepted);
    }
    decoding.decoder.retire(sequence);
  }
  EXPECT_GT(accepted_in_all, 100);
}

// "N = 2 degenerates to Jacobi decoding": the window is the Jacobi trajectory.
TEST(Lookahead, OfTwoGramsIteratesAsJacobiDoes) {
  const Source source = hashed(40, 3);
  HostDistributions distributions;
  LookaheadDrafter lookahead(distributions, {6, 2, 1});
  JacobiDrafter jacobi(distributions, 6);
  NeverAccepts rule;
  const Sequence asked = request(0, {5, 30, 2, 11}, 40);
  Decoding probing(source, lookahead, rule, asked), guessing(source, jacobi, rule, asked);
  while (!probing.sequence.finished()) {
    probing.step();
    guessing.step();
    const Draft &probes = probing.drafted(), &guesses = guessing.drafted();
    Text window;
    for (int node = 1; node < probes.size(); ++node) {
      if (probes.probe(node)) window.push_back(probes.tree().token(node));
    }
    ASSERT_EQ(window, tokens_on(guesses.tree(), guesses.size() - 1));
  }
  EXPECT_EQ(probing.sequence.text, guessing.sequence.text);
}

struct PaperCount {
  int window, ngram, guesses, extra;
};

// Extra tokens of a step, W (N - 1) + G (N - 1): the blog's 120, 80 and 56.
TEST(Lookahead, AddsAsManyTokensAsThePaperCounts) {
  for (const auto& [window, ngram, guesses, extra] :
       {PaperCount{15, 5, 15, 120}, {10, 5, 10, 80}, {7, 5, 7, 56}}) {
    // 0 is followed by 1 to G in turn, each with n-grams that no other shares, again and again.
    Text prompt;
    for (int g = 1; g <= guesses; ++g) {
      prompt.push_back(0);
      for (int i = 1; i < ngram; ++i) prompt.push_back(100 * i + g);
    }
    prompt.push_back(0);
    HostDistributions distributions;
    LookaheadDrafter lookahead(distributions, {window, ngram, guesses, true});
    NeverAccepts rule;
    Decoding decoding(hashed(2000, 1), lookahead, rule, request(0, prompt, 200));
    decoding.step();
    EXPECT_EQ(decoding.drafted().size() - 1 - decoding.drafted().probes(), guesses * (ngram - 1))
        << "the pool is full";
    EXPECT_EQ(decoding.drafted().probes(), window + ngram - 2) << "one level so far";
    int max = 0;
    for (int step = 1; step < ngram + 20; ++step) {
      decoding.step();
      if (step >= ngram - 2) {
        EXPECT_EQ(decoding.drafted().probes(), window * (ngram - 1));
      }
      decoding.sequence.text.back() = 0;  // the pool's full list again; the target has not seen it yet
      max = std::max(max, decoding.drafted().size() - 1);
    }
    EXPECT_EQ(max, extra);
  }
}

TEST(NgramPool, KeepsTheLatestOfEachFirstToken) {
  NgramPool pool(2);
  pool.add(1, {2, 3});
  pool.add(1, {4, 5});
  pool.add(9, {9, 9});
  pool.add(1, {2, 3});  // again: now the latest
  pool.add(1, {6, 7});
  ASSERT_EQ(pool.after(1).size(), 2u);
  EXPECT_EQ(pool.after(1)[0], (Text{6, 7}));
  EXPECT_EQ(pool.after(1)[1], (Text{2, 3}));
  EXPECT_EQ(pool.after(9).size(), 1u);
  EXPECT_TRUE(pool.after(2).empty());
}

}  // namespace
}  // namespace speclab
