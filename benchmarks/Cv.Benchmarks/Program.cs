Console.WriteLine("The benchmarks go here.");
