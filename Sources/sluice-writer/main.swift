import Destination
import Destinations
import Glibc
import ServiceRuntime
import SyncModel
import Writer
import WriterAPI

let process = ServiceProcess(
  name: "sluice-writer",
  service: WriterMethods.service,
  summary: "applies rows to profiles, each exactly once in effect",
  settings: PayloadPolicy.settings
)

exit(
  await process.run(Array(CommandLine.arguments.dropFirst())) { surroundings in
    let store = try await ProfileStore.open(
      path: surroundings.configuration.data + "/profiles.db",
      world: surroundings.world,
      policy: try PayloadPolicy(surroundings.configuration.settings)
    )
    let writer = ProfileWriter(
      destinations: DestinationRegistry(profiles: store),
      profiles: store,
      logger: surroundings.logger
    )
    return OpenedService(
      registrations: [WriterRegistration(writer)],
      close: { await store.close() }
    )
  }
)
