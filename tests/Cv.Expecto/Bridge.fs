/// Serves a tree of Expecto tests by Microsoft.Testing.Platform: `dotnet test`, `dotnet run`, TRX and IDEs.
module Cv.Expecto.Bridge

open System
open System.Threading
open System.Threading.Tasks
open Expecto
open Expecto.Impl
open Microsoft.Testing.Extensions
open Microsoft.Testing.Extensions.TrxReport.Abstractions
open Microsoft.Testing.Platform.Builder
open Microsoft.Testing.Platform.Capabilities.TestFramework
open Microsoft.Testing.Platform.CommandLine
open Microsoft.Testing.Platform.Extensions
open Microsoft.Testing.Platform.Extensions.CommandLine
open Microsoft.Testing.Platform.Extensions.Messages
open Microsoft.Testing.Platform.Extensions.TestFramework
open Microsoft.Testing.Platform.Requests
open Microsoft.Testing.Platform.Services

/// The options that choose tests and say how they run.
type Options() =
    let atLeast1 (text: string) =
        match Int32.TryParse text with
        | true, n when n >= 1 -> None
        | _ -> Some $"It must be a whole number of at least 1; got '{text}'."

    let problem (option: string) (text: string) =
        match option with
        | "workers"
        | "max-tests" -> atLeast1 text
        | "seed" ->
            match Replay.parse text with
            | Result.Ok _ -> None
            | Result.Error why -> Some why
        | _ -> None

    interface IExtension with
        member _.Uid = "Cv.Expecto.Options"
        member _.Version = "1.0.0"
        member _.DisplayName = "Expecto's options"
        member _.Description = "Which tests run, and how."
        member _.IsEnabledAsync() = Task.FromResult true

    interface ICommandLineOptionsProvider with
        member _.GetCommandLineOptions() = [|
            CommandLineOption("filter", "Runs the tests whose full name contains this text.", ArgumentArity.ExactlyOne, false)
            CommandLineOption("seed", "Starts each property at seed,gamma or seed,gamma,size.", ArgumentArity.ExactlyOne, false)
            CommandLineOption("workers", "How many tests run at a time.", ArgumentArity.ExactlyOne, false)
            CommandLineOption("max-tests", "How often a property is tried that does not say itself.", ArgumentArity.ExactlyOne, false)
        |]

        member _.ValidateOptionArgumentsAsync(option, arguments) =
            match arguments |> Seq.tryPick (problem option.Name) with
            | Some why -> ValidationResult.InvalidTask $"--{option.Name}: {why}"
            | None -> ValidationResult.ValidTask

        member _.ValidateCommandLineOptionsAsync _ = ValidationResult.ValidTask

/// Lists the tests of a tree, runs them, and publishes each result as it comes.
type Framework(tests: Test, options: ICommandLineOptions, trx: unit -> bool) as this =
    // names are joined by slashes, for names of tests hold dots
    let join = JoinWith.Slash

    let value option =
        match options.TryGetOptionArgumentList option with
        | true, [| value |] -> Some value
        | _ -> None

    let node (name: string) (properties: IProperty list) =
        TestNode(Uid = TestNodeUid name, DisplayName = name, Properties = PropertyBag(Array.ofList properties))

    let finished name (duration: TimeSpan) (state: IProperty) (failure: (string * string) option) =
        let stop = DateTimeOffset.UtcNow

        node name [
            state
            TimingProperty(TimingInfo(stop - duration, stop, duration))
            if trx () then
                TrxFullyQualifiedTypeNameProperty(name.Split('/')[0])

                for message, stack in Option.toList failure do
                    TrxExceptionProperty(message, stack)
        ]

    let wanted (filter: ITestExecutionFilter) =
        let uids =
            match filter with
            | :? TestNodeUidListFilter as list -> Some(set [ for uid in list.TestNodeUids -> uid.Value ])
            | _ -> None

        let text = value "filter"

        fun (names: string list) ->
            let name = join.format names

            Option.forall (Set.contains name) uids
            && Option.forall (fun (t: string) -> name.Contains(t, StringComparison.Ordinal)) text

    let config (publish: TestNode -> Task) =
        let say node : Async<unit> = publish node |> Async.AwaitTask

        let failed name (why: string) time =
            let why = Replay.explain why
            say (finished name time (FailedTestNodeStateProperty why) (Some(why, "")))

        let threw name (ex: exn) time =
            say (finished name time (ErrorTestNodeStateProperty(ex, ex.Message)) (Some(ex.Message, string ex.StackTrace)))

        {
            defaultConfig with
                joinWith = join
                runInParallel = false
                fsCheckMaxTests =
                    value "max-tests"
                    |> Option.fold (fun _ n -> int n) defaultConfig.fsCheckMaxTests
                printer = {
                    TestPrinters.silent with
                        passed = fun name time -> say (finished name time PassedTestNodeStateProperty.CachedInstance None)
                        ignored = fun name why -> say (finished name TimeSpan.Zero (SkippedTestNodeStateProperty why) None)
                        failed = failed
                        exn = threw
                }
        }

    let start () =
        match value "seed" |> Option.map Replay.parse with
        | Some(Result.Ok start) -> Some start
        | _ -> Replay.fromEnvironment () // the option's text was checked before

    let workers =
        value "workers" |> Option.fold (fun _ n -> int n) Environment.ProcessorCount

    interface IExtension with
        member _.Uid = "Cv.Expecto"
        member _.Version = "1.0.0"
        member _.DisplayName = "Expecto"
        member _.Description = "Runs trees of Expecto tests."
        member _.IsEnabledAsync() = Task.FromResult true

    interface ITestFramework with
        member _.CreateTestSessionAsync _ =
            Task.FromResult(CreateTestSessionResult(IsSuccess = true))

        member _.CloseTestSessionAsync _ =
            Task.FromResult(CloseTestSessionResult(IsSuccess = true))

        member _.ExecuteRequestAsync context =
            task {
                Schedule.check join tests
                let session = context.Request.Session.SessionUid

                let publish node : Task =
                    context.MessageBus.PublishAsync(this, TestNodeUpdateMessage(session, node))

                match context.Request with
                | :? TestExecutionRequest as request ->
                    let chosen = Test.filter join.asString (wanted request.Filter) tests

                    match request with
                    | :? DiscoverTestExecutionRequest ->
                        for test in Test.toTestCodeList chosen do
                            do! publish (node (join.format test.name) [ DiscoveredTestNodeStateProperty.CachedInstance ])
                    | _ -> do! Schedule.run workers context.CancellationToken (config publish) (Replay.everywhere (start ()) chosen)
                | _ -> ()

                context.Complete()
            }

    interface IDataProducer with
        member _.DataTypesProduced = [| typeof<TestNodeUpdateMessage> |]

type private Trx() =
    member val Enabled = false with get, set

    interface ITrxReportCapability with
        member _.IsSupported = true
        member this.Enable() = this.Enabled <- true

/// Runs the tests by the platform's command line; 0 when all passed, 2 when one failed, 8 when none ran.
let serve (tests: Test) (args: string[]) : int =
    // a test that serves pages needs threads of the pool beside those that the tests themselves hold
    ThreadPool.SetMinThreads(4 * Environment.ProcessorCount, 4) |> ignore

    task {
        let! builder = TestApplication.CreateBuilderAsync args
        let trx = Trx()
        builder.CommandLine.AddProvider(fun () -> Options() :> ICommandLineOptionsProvider)

        builder.RegisterTestFramework(
            (fun _ -> TestFrameworkCapabilities trx :> ITestFrameworkCapabilities),
            fun _ services -> Framework(tests, services.GetCommandLineOptions(), fun () -> trx.Enabled) :> ITestFramework
        )
        |> ignore

        builder.AddTrxReportProvider()
        use! app = builder.BuildAsync()
        return! app.RunAsync()
    }
    |> _.GetAwaiter().GetResult()
