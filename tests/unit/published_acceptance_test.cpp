// Published acceptance rates in all their forms come to the same conditional rates.
#include "strategies/published_acceptance.h"

#include <gtest/gtest.h>

#include <cmath>

namespace speclab {
namespace {

using nlohmann::json;
using Rates = std::vector<double>;

double tokens_per_step(const Rates& rates, int length) {
  double sum = 1, product = 1;
  for (int k = 0; k < length; ++k)
    sum += product *= rates[std::min(static_cast<std::size_t>(k), rates.size() - 1)];
  return sum;
}

Rates read(const json& given) {
  Params p("drafter", given);
  Rates rates = read_acceptance(p, "right");
  p.finish();
  EXPECT_EQ(p.resolved().at("acceptance").get<json>(), rates.size() == 1 ? json(rates[0]) : json(rates));
  return rates;
}

void expect_refusal(const json& given, const std::string& fragment) {
  try {
    read(given);
    ADD_FAILURE() << given;
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
  }
}

TEST(PublishedAcceptance, JointRatesAddUpToTokensPerStep) {
  for (const char* name :
       {"joint_acceptance", "per_position_acceptance_rates", "synthetic_acceptance_rates"}) {
    const Rates rates = read({{name, {0.844, 0.599, 0.385, 0.271}}});
    EXPECT_NEAR(tokens_per_step(rates, 4), 1 + 0.844 + 0.599 + 0.385 + 0.271, 1e-12);
    EXPECT_NEAR(rates[1], 0.599 / 0.844, 1e-12);
  }
  EXPECT_EQ(read({{"joint_acceptance", {0.5, 0.0, 0.0}}}), (Rates{0.5, 0, 0}));
  EXPECT_EQ(read({{"joint_acceptance", 0.7}}), Rates{0.7});
}

TEST(PublishedAcceptance, SharesAndTokensPerStepAreOfTheGeometricModel) {
  EXPECT_NEAR(read({{"accepted_share", 0.73}, {"at_length", 5}})[0], 0.897, 5e-4);
  for (const double a : {0.0, 0.1, 0.5, 0.893, 0.99, 1.0}) {
    for (const int k : {1, 2, 5, 16}) {
      const double tokens = a == 1 ? k + 1 : (1 - std::pow(a, k + 1)) / (1 - a);
      EXPECT_NEAR(read({{"draft_acceptance_rate", (tokens - 1) / k}, {"at_length", k}})[0], a, 1e-9);
      EXPECT_NEAR(read({{"tokens_per_step", tokens}, {"at_length", k}})[0], a, 1e-9);
      EXPECT_NEAR(read({{"tau", tokens}, {"at_length", k}})[0], a, 1e-9);
    }
  }
}

TEST(PublishedAcceptance, ConditionalRatesStayAsTheyAre) {
  EXPECT_EQ(read(json::object()), Rates{0.8});
  EXPECT_EQ(read({{"alpha", 0.6}}), Rates{0.6});
  EXPECT_EQ(read({{"acceptance", {0.9, 0.7}}}), (Rates{0.9, 0.7}));
  Params plain("drafter", {{"acceptance", 0.6}});
  read_acceptance(plain, "");
  EXPECT_EQ(plain.resolved().size(), 1u) << "what older files have";
  Params joint("drafter", {{"joint_acceptance", {0.8, 0.4}}});
  read_acceptance(joint, "");
  EXPECT_EQ(joint.resolved().at("joint_acceptance"), json({0.8, 0.4}));
  EXPECT_EQ(joint.resolved().at("acceptance"), json({0.8, 0.5}));
}

TEST(PublishedAcceptance, AFormOfTheCommandLineGoesBeforeThoseOfAFile) {
  const auto rates_of = [](const json& given, const std::map<std::string, std::string>& places) {
    Params p("drafter", given, places);
    Rates rates = read_acceptance(p, "right");
    p.finish();
    return rates;
  };
  EXPECT_EQ(rates_of({{"acceptance", 0.7}, {"joint_acceptance", {0.8, 0.4}}},
                     {{"drafter.acceptance", "c.toml:3"}, {"drafter.joint_acceptance", "--set"}}),
            (Rates{0.8, 0.5}));
  EXPECT_EQ(rates_of({{"accepted_share", 0.7}, {"at_length", 5}, {"alpha", 0.6}},
                     {{"drafter.accepted_share", "c.toml:3"},
                      {"drafter.at_length", "c.toml:4"},
                      {"drafter.alpha", "--set"}}),
            (Rates{0.6}));
  EXPECT_THROW(rates_of({{"acceptance", 0.7}, {"tau", 2}, {"at_length", 3}},
                        {{"drafter.acceptance", "--set"}, {"drafter.tau", "--set"}}),
               ConfigError);
}

TEST(PublishedAcceptance, WhatCannotBeIsRefusedWithTheReason) {
  expect_refusal({{"joint_acceptance", {0.5, 0.6}}}, "joint rates never rise");
  expect_refusal({{"joint_acceptance", {1.5}}}, "no probability");
  expect_refusal({{"joint_acceptance", json::array()}}, "empty list");
  expect_refusal({{"joint_acceptance", {0.5}}, {"alpha", 0.5}}, "rates are given in one form");
  expect_refusal({{"tau", 3}, {"accepted_share", 0.5}, {"at_length", 4}}, "rates are given in one form");
  expect_refusal({{"tokens_per_step", 5.2}, {"at_length", 4}}, "1 to 5 tokens");
  expect_refusal({{"tokens_per_step", 0.9}, {"at_length", 4}}, "1 to 5 tokens");
  expect_refusal({{"tokens_per_step", 3}}, "at_length = 5");
  expect_refusal({{"accepted_share", 73}, {"at_length", 5}}, "at most 1");
  expect_refusal({{"acceptance", 0.5}, {"at_length", 5}}, "neither is set");
  expect_refusal({{"acceptance", json::array()}}, "empty list");
}

}  // namespace
}  // namespace speclab
