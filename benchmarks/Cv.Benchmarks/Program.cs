using System.CommandLine;
using System.Text.Json;
using Cv.Benchmarks;
using Cv.Compiler;
using Cv.Dsl;

var threads = new Option<int>("--threads")
{
    Description = "The number of threads, 1 to 256",
    DefaultValueFactory = _ => Environment.ProcessorCount,
};
var seconds = new Option<double>("--seconds")
{
    Description = "How long to time the steps of a workload; 5 steps at least",
    DefaultValueFactory = _ => 2,
};
var width = new Option<string>("--width") { Description = "The bits of a vector; the widest that the processor has, unless given" };
width.AcceptOnlyFromAmong("128", "256", "512");
var quick = Flag("--quick", "Time a few steps only, to see that all works");
var kernels = Flag("--kernels", "Print what each kernel of a step takes, instead");
var explain = Flag("--explain", "Print every stage of the compilation, instead");
var workloads = new Argument<string[]>("WORKLOAD")
{
    Description = "What to time; everything, unless given",
    DefaultValueFactory = _ => [.. Workload.All.Select(w => w.Name)],
};
workloads.AcceptOnlyFromAmong([.. Workload.All.Select(w => w.Name)]);

var command = new RootCommand("Times one training step (forward, backward, parameter update) of each workload, and prints JSON lines.")
{
    threads,
    seconds,
    width,
    quick,
    kernels,
    explain,
    workloads,
};
command.SetAction(Run);
return command.Parse(args).Invoke();

int Run(ParseResult given)
{
    var options = new CompileOptions
    {
        Threads = given.GetValue(threads),
        Width = given.GetValue(width) is { } bits ? Enum.Parse<VectorWidth>("Bits" + bits) : VectorWidth.Auto,
    };
    var json = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    try
    {
        foreach (string name in given.GetValue(workloads)!)
        {
            var bench = new Bench(Workload.All.First(w => w.Name == name), options);
            if (given.GetValue(explain))
                Console.WriteLine(bench.Explain());
            else if (given.GetValue(kernels))
                KernelTable.Print(name, bench.TimeKernels(), Console.Out);
            else
                Console.WriteLine(JsonSerializer.Serialize(bench.Measure(given.GetValue(quick) ? 0 : given.GetValue(seconds)), json));
        }
        return 0;
    }
    catch (GraphException e)
    {
        Console.Error.WriteLine(e.Message);
        return 2;
    }
}

static Option<bool> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };
