using System.Globalization;
using System.Text;

namespace Cv;

/// <summary>
/// Prints records by the invariant culture: what the compiler writes for a record follows the culture of the thread. A record that holds numbers, or is of a family of
/// which one does, says <c>ToString() => RecordText.Of(GetType().Name, PrintMembers)</c>; a test finds those that do not.
/// </summary>
static class RecordText
{
    /// <summary>Gives the text that the compiler's own ToString would give, in the invariant culture: Name { Member = 0.5 }.</summary>
    /// <param name="name">The record's name.</param>
    /// <param name="print">Its PrintMembers.</param>
    public static string Of(string name, Func<StringBuilder, bool> print)
    {
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            var text = new StringBuilder(name).Append(" { ");
            if (print(text))
                text.Append(' ');
            return text.Append('}').ToString();
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
