#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/distributions.h"

namespace speclab {

// Questions on rows in host memory; probabilities are double.
class HostDistributions : public Distributions {
 public:
  Place place() const override { return Place::host; }
  void forget() override;
  void probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) override;
  void likeliest(std::span<const Pick> questions, std::vector<Token>& answers) override;
  void gather(std::span<const Entry> questions, std::vector<double>& answers) override;
  void draw(std::span<const Draws> questions, std::vector<Token>& answers, std::vector<int>& drawn) override;

 private:
  std::span<double> new_row(int cols);

  struct Block {
    std::unique_ptr<double[]> values;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;  // rows never move while they live
  std::size_t block_ = 0, used_ = 0;
  std::vector<double> left_;
  std::vector<Token> order_;
};

}  // namespace speclab
