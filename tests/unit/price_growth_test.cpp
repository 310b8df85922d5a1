// Over the whole catalogue: more work is never priced as less time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/cost/catalogue.h"
#include "core/cost/roofline.h"
#include "core/cost/weight_format.h"
#include "core/errors.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

// A pass over `sequences`, each with so many cached positions and new tokens.
Work pass(int sequences, int context, int tokens) {
  const std::int64_t all = std::int64_t{sequences} * tokens;
  return {.actor = Actor::target,
          .op = Op::forward,
          .sequences = sequences,
          .new_tokens = static_cast<int>(all),
          .rows = static_cast<int>(all),
          .context = std::int64_t{sequences} * context,
          .pairs = all * context + sequences * (std::int64_t{tokens} * (tokens + 1) / 2)};
}

// The first amount at which the price is below that of the one before it; "" where it never falls.
template <class Make>
std::string fall(const Roofline& prices, int max, const Make& make) {
  Seconds before = 0;
  for (int n = 1; n <= max; ++n) {
    const Seconds price = prices.price(make(n));
    if (price < before * (1 - 1e-12)) return fmt::format("{}: {} s after {} s", n, price, before);
    before = price;
  }
  return "";
}

class PriceGrowth : public testing::TestWithParam<int> {};

TEST_P(PriceGrowth, NeverFalls) {
  const std::filesystem::path configs = project_files() / "configs";
  const std::vector<Device> devices = all_devices(configs / "devices");
  const std::vector<ModelShape> shapes = all_shapes(configs / "shapes");
  int tried = 0;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (static_cast<int>(i % 8) != GetParam()) continue;
    for (const ModelShape& shape : shapes) {
      for (const char* format : {"", "fp8", "q4_0"}) {
        for (const int share : {1, 4}) {
          std::unique_ptr<Roofline> made;
          try {
            made = std::make_unique<Roofline>(devices[i], *format == 0 ? shape : stored_as(shape, format),
                                              std::vector<ModelShape>{}, share);
          } catch (const std::runtime_error&) {
            continue;  // they cannot share it, or the format is not of this shape
          }
          const Roofline& prices = *made;
          ++tried;
          SCOPED_TRACE(fmt::format("{} x {}, {} {}", share, devices[i].name, shape.name, format));
          EXPECT_EQ(fall(prices, 520, [](int n) { return pass(n, 300, 1); }), "") << "sequences";
          EXPECT_EQ(fall(prices, 300, [](int n) { return pass(3, 300, n); }), "") << "tokens of a sequence";
          EXPECT_EQ(fall(prices, 300, [](int n) { return pass(1, 0, n); }), "") << "tokens of a prompt";
          EXPECT_EQ(fall(prices, 200, [](int n) { return pass(2, 50 * n, 2); }), "") << "context";
        }
      }
    }
  }
  EXPECT_GE(tried, 3 * 4 * static_cast<int>(shapes.size()) / 2) << "most are to be tried";
}

INSTANTIATE_TEST_SUITE_P(Parts, PriceGrowth, testing::Range(0, 8));

}  // namespace
}  // namespace speclab
