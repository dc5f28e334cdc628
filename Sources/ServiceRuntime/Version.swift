/// This build's version (semantic versioning), as `--version` and `sluice version` say it.
public enum SluiceVersion {
  public static let text = "0.1.0"
}
