<!-- A mount's VCLT playlist: /mount.vclt; KEY=VALUE lines, a track ends with "==". -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="text" media-type="audio/x-vclt" encoding="UTF-8"/>

<xsl:template match="/icestats"><xsl:apply-templates select="source"/></xsl:template>

<xsl:template match="source">
<xsl:value-of select="concat('STREAMURL=', listenurl, '&#10;')"/>
<xsl:if test="string(artist)"><xsl:value-of select="concat('ARTIST=', artist, '&#10;')"/></xsl:if>
<xsl:if test="string(title)"><xsl:value-of select="concat('TITLE=', title, '&#10;')"/></xsl:if>
<xsl:if test="string(server_name)"><xsl:value-of select="concat('SERVER_NAME=', server_name, '&#10;')"/></xsl:if>
<xsl:if test="string(server_description)"><xsl:value-of select="concat('DESCRIPTION=', server_description, '&#10;')"/></xsl:if>
<xsl:if test="server_type = 'application/ogg' or server_type = 'audio/ogg'">
<xsl:text>SIGNALINFO=codec:</xsl:text>
<xsl:choose>
<xsl:when test="subtype = 'Vorbis'">ogg_vorbis</xsl:when>
<xsl:otherwise>ogg_general</xsl:otherwise>
</xsl:choose>
<xsl:text>&#10;</xsl:text>
</xsl:if>
<xsl:if test="string(genre)"><xsl:value-of select="concat('GENRE=', genre, '&#10;')"/></xsl:if>
<xsl:text>==&#10;</xsl:text>
</xsl:template>
</xsl:stylesheet>
