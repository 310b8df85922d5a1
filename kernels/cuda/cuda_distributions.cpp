#include "kernels/cuda/cuda_distributions.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/cuda/counter_source.h"
#include "kernels/cuda/gather.h"
#include "kernels/cuda/row_choice.h"
#include "kernels/cuda/row_draw.h"

namespace speclab {
namespace {

constexpr std::size_t kBlockNumbers = std::size_t{1} << 20;

void check_row(const Row& row, Scalar scalar) {
  SPECLAB_CHECK(row.place == Place::device, "a question on a device was asked of a row on the host");
  SPECLAB_CHECK(row.scalar == scalar, "a question on {} was asked of {}",
                scalar == Scalar::f32 ? "logits" : "probabilities",
                scalar == Scalar::f32 ? "probabilities" : "logits");
}

// Launches take rows of one length: answers the questions in runs of such.
template <class Question, class Answer>
void in_runs(std::span<const Question> questions, Row Question::*row, const Answer& answer) {
  for (std::size_t begin = 0, end = 0; begin < questions.size(); begin = end) {
    while (end < questions.size() && (questions[end].*row).cols == (questions[begin].*row).cols) ++end;
    answer(questions.subspan(begin, end - begin));
  }
}

}  // namespace

CudaDistributions::~CudaDistributions() { stream_->drain(); }

double* CudaDistributions::new_row(int cols) {
  const auto size = static_cast<std::size_t>(cols);
  while (block_ < blocks_.size() && blocks_[block_].size() - used_ < size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    blocks_.emplace_back(std::max(size, kBlockNumbers), "rows of probabilities");
    used_ = 0;
  }
  double* row = blocks_[block_].data() + used_;
  used_ += size;
  return row;
}

std::int32_t* CudaDistributions::room_for_answers(std::size_t count) {
  require_written(answers_, count, "answers about rows", *stream_);
  fetched_.require(count, "answers about rows, on the host");
  return answers_.data();
}

const std::int32_t* CudaDistributions::fetch(std::size_t count) {
  copy_bytes(fetched_.data(), answers_.data(), count * sizeof(std::int32_t), *stream_);
  stream_->wait();
  return fetched_.data();
}

void CudaDistributions::probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) {
  in_runs(questions, &Softmax::logits, [&](auto run) { soften(run, answers); });
}

void CudaDistributions::soften(std::span<const Softmax> questions, std::vector<Row>& answers) {
  const int cols = questions[0].logits.cols;
  upload_.begin();
  const auto rows = upload_.add<RowSoftmax>(questions.size());
  upload_.lay_out();
  RowSoftmax* to = upload_.host(rows);
  bool nucleus = false;
  for (const Softmax& q : questions) {
    check_row(q.logits, Scalar::f32);
    double* row = new_row(cols);
    *to++ = {q.logits.as<float>(), row, q.sampling.temperature, q.sampling.top_k, q.sampling.top_p};
    nucleus |= q.sampling.top_p < 1;
    answers.push_back({row, cols, Place::device, Scalar::f64});
  }
  if (nucleus) candidates_.require(questions.size() * candidates_per_row(cols), "candidates of nuclei");
  upload_.send(*stream_);
  row_probabilities({.rows = upload_.device(rows),
                     .scratch = candidates_.data(),
                     .count = static_cast<int>(questions.size()),
                     .cols = cols},
                    *stream_);
}

void CudaDistributions::likeliest(std::span<const Pick> questions, std::vector<Token>& answers) {
  in_runs(questions, &Pick::logits, [&](auto run) { pick(run, answers); });
}

void CudaDistributions::pick(std::span<const Pick> questions, std::vector<Token>& answers) {
  const int cols = questions[0].logits.cols, rows = static_cast<int>(questions.size());
  upload_.begin();
  const auto logits = upload_.add<const float*>(questions.size());
  upload_.lay_out();
  const float** to = upload_.host(logits);
  int max = 0;
  for (const Pick& q : questions) {
    check_row(q.logits, Scalar::f32);
    *to++ = q.logits.as<float>();
    max = std::max(max, q.count);
  }
  if (max == 0) return;
  upload_.send(*stream_);
  const std::size_t each = static_cast<std::size_t>(max), count = questions.size() * each;
  std::int32_t* tokens = room_for_answers(count);
  if (max == 1) {
    row_argmax({upload_.device(logits), tokens, nullptr, rows, cols}, *stream_);
  } else {
    row_likeliest({upload_.device(logits), tokens, rows, cols, max}, *stream_);
  }
  const std::int32_t* got = fetch(count);
  for (const Pick& q : questions) {
    SPECLAB_CHECK(q.count == 0 || got[0] >= 0, "a row of {} logits holds nothing but NaNs", cols);
    answers.insert(answers.end(), got, got + q.count);
    got += each;
  }
}

void CudaDistributions::gather(std::span<const Entry> questions, std::vector<double>& answers) {
  if (questions.empty()) return;
  upload_.begin();
  const auto places = upload_.add<const double*>(questions.size());
  upload_.lay_out();
  const double** to = upload_.host(places);
  for (const Entry& q : questions) {
    check_row(q.probabilities, Scalar::f64);
    *to++ = q.probabilities.as<double>() + q.token;
  }
  upload_.send(*stream_);
  gathered_.require(questions.size(), "gathered probabilities");
  gathered_on_host_.require(questions.size(), "gathered probabilities, on the host");
  gather_numbers({upload_.device(places), gathered_.data(), static_cast<int>(questions.size())}, *stream_);
  copy_bytes(gathered_on_host_.data(), gathered_.data(), questions.size() * sizeof(double), *stream_);
  stream_->wait();
  answers.insert(answers.end(), gathered_on_host_.data(), gathered_on_host_.data() + questions.size());
}

void CudaDistributions::draw(std::span<const Draws> questions, std::vector<Token>& answers,
                             std::vector<int>& drawn) {
  in_runs(questions, &Draws::probabilities, [&](auto run) { draw_tokens(run, answers, drawn); });
}

void CudaDistributions::draw_tokens(std::span<const Draws> questions, std::vector<Token>& answers,
                                    std::vector<int>& drawn) {
  const int cols = questions[0].probabilities.cols;
  const auto put_back = [](const Draws& q) { return q.put_back || q.count <= 1; };
  const std::size_t resting = static_cast<std::size_t>(
      std::ranges::count_if(questions, [&](const Draws& q) { return !put_back(q); }));
  rest_.require(resting * static_cast<std::size_t>(cols), "rows that are drawn from");
  upload_.begin();
  const auto draws = upload_.add<RowDraw>(questions.size());
  upload_.lay_out();
  RowDraw* const all = upload_.host(draws);
  double* rest = rest_.data();
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Draws& q = questions[i];
    check_row(q.probabilities, Scalar::f64);
    const CounterRng& source = counter_source(q.chance);
    int previous = static_cast<int>(i) - 1;
    while (previous >= 0 && questions[previous].chance != q.chance) --previous;
    all[i] = {q.probabilities.as<double>(),
              put_back(q) ? nullptr : rest,
              source.key(),
              source.taken(),
              q.count,
              previous,
              static_cast<int>(tokens)};
    if (!put_back(q)) rest += cols;
    tokens += static_cast<std::size_t>(q.count);
  }
  upload_.send(*stream_);
  std::int32_t* answer = room_for_answers(tokens + questions.size());
  row_draws({upload_.device(draws), answer, answer + tokens, static_cast<int>(questions.size()), cols},
            *stream_);
  const std::int32_t* token = fetch(tokens + questions.size());
  const std::int32_t* got = token + tokens;
  for (const Draws& q : questions) {
    for (int i = 0; i < *got; ++i) {
      SPECLAB_CHECK(token[i] >= 0, "the weights of a choice do not add up to a positive number");
    }
    answers.insert(answers.end(), token, token + *got);
    drawn.push_back(*got);
    counter_source(q.chance).take(static_cast<std::uint64_t>(*got++));
    token += q.count;
  }
}

}  // namespace speclab
