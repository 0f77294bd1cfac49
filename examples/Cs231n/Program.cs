Console.WriteLine("The lessons of CS231n go here.");
