namespace Cv.Runtime;

/// <summary>Cuts texts for messages.</summary>
static class Excerpt
{
    const int Usual = 80;

    /// <summary>Gives the beginning of a text that comes from outside: a message does not grow with a stranger's file.</summary>
    public static string Of(string text, int most = Usual) => text.Length <= most ? text : text[..most] + "...";
}
