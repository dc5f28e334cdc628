/// How many retries a peer gets beside its requests: when most fail, retries would only add load.
///
/// A bucket that starts full: a retry takes one token, an answer that needed none gives a fraction back.
public struct FetchRetryBudget: Sendable {
  private var milliTokens: Int
  private let capacity: Int
  private let gain: Int

  /// - Parameters:
  ///   - tokens: retries in a row before there are no more.
  ///   - perAnswer: what an answer gives back, 0.1 for one retry in ten answers.
  public init(tokens: Int = 20, perAnswer: Double = 0.1) {
    capacity = max(0, min(tokens, 1_000_000)) * 1000
    gain = Int(max(0, min(perAnswer, 1)) * 1000)
    milliTokens = capacity
  }

  public mutating func answered() { milliTokens = min(capacity, milliTokens + gain) }

  /// - Returns: false when there is none left: the retry is not made.
  public mutating func takeRetry() -> Bool {
    guard milliTokens >= 1000 else { return false }
    milliTokens -= 1000
    return true
  }
}
