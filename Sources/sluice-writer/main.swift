import Destination
import Destinations
import Glibc
import Logging
import ServiceRuntime
import SyncModel
import Writer
import WriterAPI

let process = ServiceProcess(
  name: "sluice-writer",
  service: WriterMethods.service,
  summary: "applies rows to profiles, each exactly once in effect",
  settings: PayloadPolicy.settings + RowLogOptions.settings
)

exit(
  await process.run(Array(CommandLine.arguments.dropFirst())) { surroundings in
    let rowLog = try RowLogOptions(surroundings.configuration.settings)
    if rowLog.key == nil {
      surroundings.logger.warning(
        "rejected rows are logged without their content and cannot be retried",
        metadata: [
          "set": "\(RowLogKey.setting)", "to": "a file of 32 random bytes for its owner only",
        ]
      )
    }
    let store = try await ProfileStore.open(
      path: surroundings.configuration.data + "/profiles.db",
      world: surroundings.world,
      policy: try PayloadPolicy(surroundings.configuration.settings),
      rowLog: rowLog
    )
    let writer = ProfileWriter(
      destinations: DestinationRegistry(profiles: store),
      profiles: store,
      logger: surroundings.logger
    )
    return OpenedService(
      registrations: [WriterRegistration(writer)],
      background: [BackgroundWork { await writer.forgetRowsWhenDue() }],
      close: { await store.close() }
    )
  }
)
